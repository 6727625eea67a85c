"""How long are the sentences of README and docs/? `python -m benchmarks.words [FILE.md ...]`

Code, tables, headings, HTML and web addresses do not count. A paragraph, a list item, a
period, a question mark and a colon at the end of a line each end a sentence.
"""

import argparse
import re
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
NOT_PROSE = (
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"^[ ]*```.*?^[ ]*```", re.DOTALL | re.MULTILINE),
    re.compile(r"^ {4}.*$", re.MULTILINE),  # indented code
    re.compile(r"^(\||#).*$", re.MULTILINE),
    re.compile(r"^<.*>$", re.MULTILINE),
)
LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
CODE = re.compile(r"`[^`]*`")
BREAK = re.compile(r"\n\s*\n|\n\s*(?:[-*]|\d+\.)\s|:\n|(?<=[.!?])[\"')*]*\s+(?=[\"'(*`]*[A-Z0-9])")
ABBREVIATION = re.compile(r"\b(e\.g|i\.e|et al|vs|cf)\. ")


def sentences(markdown: str) -> list[str]:
    """The sentences of a Markdown text; a piece of code in backticks counts as one word.

    >>> sentences("# Title\\n\\nOne two. Three `a = b` [four](http://x.y).")
    ['One two', 'Three code four']
    """
    text = markdown
    for pattern in NOT_PROSE:
        text = pattern.sub("\n", text)
    text = CODE.sub("code", LINK.sub(r"\1", text))
    text = ABBREVIATION.sub(r"\1 ", text)
    parts = [" ".join(part.split()).strip(" .-*>") for part in BREAK.split(text)]
    return [part for part in parts if re.search(r"\w", part)]


def lengths(markdown: str) -> list[int]:
    """Words of each sentence.

    >>> lengths("One two. Three four five.")
    [2, 3]
    """
    return [len(re.findall(r"\S*\w\S*", sentence)) for sentence in sentences(markdown)]


def pages() -> list[Path]:
    """README and all pages of docs/, without those that `make site` writes.

    >>> pages()[0].name
    'README.md'
    """
    pages = sorted((ROOT / "docs").rglob("*.md"))
    return [ROOT / "README.md", *(page for page in pages if page.parent.name != "entries")]


def main() -> None:
    """Print a line for each file and one for all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path, help="Markdown files; default: all.")
    parser.add_argument("--long", action="store_true", help="Print sentences above 25 words.")
    options = parser.parse_args()
    everything = []
    print(f"{'sentences':>9} {'mean':>6} {'90 %':>5}  file")
    for path in options.files or pages():
        text = path.read_text(encoding="utf-8")
        counts = lengths(text)
        everything += counts
        _print(counts, str(path))
        if options.long:
            for sentence, count in zip(sentences(text), counts, strict=True):
                if count > 25:
                    print(f"  {count}: {sentence}")
    _print(everything, "all")


def _print(counts: list[int], name: str) -> None:
    mean, high = np.mean(counts or [0]), np.percentile(counts or [0], 90)
    print(f"{len(counts):>9} {mean:>6.1f} {high:>5.0f}  {name}")


if __name__ == "__main__":
    main()
