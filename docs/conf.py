"""The documentation site: `make site` writes build/site. Its source is the repository itself, so
that links between README, docs, notebooks and results work there as they do on a code host.
"""

import os
import re
from pathlib import Path

import sslzoo
from sslzoo.zoo.markdown_card import markdown_card

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).parents[1]

project = "sslzoo"
author = "the sslzoo maintainers"
copyright = author
version = release = sslzoo.__version__

root_doc = "docs/site"
include_patterns = [
    *("README.md", "CONTRIBUTING.md", "docs/**", "notebooks/*.ipynb", "benchmarks/results/*"),
]
exclude_patterns = ["docs/_templates", "**.json", "**.csv"]
suppress_warnings = [
    "myst.xref_missing",  # links to folders, which code hosts show
    "toc.not_included",  # the tables of methods and entries link to their pages
]
extensions = [
    *("myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon"),
    "sphinx_copybutton",
]
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
nb_execution_mode = "off"  # tests/test_notebooks.py runs them; the site shows the stored outputs
autosummary_imported_members = True
autosummary_ignore_module_all = False
autodoc_default_options = {"members": True, "imported-members": True, "show-inheritance": True}
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False
templates_path = [str(ROOT / "docs/_templates")]
html_theme = "furo"
linkcheck_ignore = [r"https?://(localhost|host|127\.0\.0\.1)\b"]
html_title = "sslzoo"
html_additional_pages = {"index": "to_site.html"}


# A section of a docstring, such as "Args:".
SECTION = re.compile(r"\s*(Args|Attributes|Example|Examples|Raises|Returns|Yields):$")


def write_cards(_app):
    """A page for each entry of the zoo: the card that `sslzoo info --markdown` makes."""
    folder = ROOT / "docs" / "entries"
    folder.mkdir(exist_ok=True)
    names = sslzoo.list_models()
    pages = {name: markdown_card(name).split("---\n", 2)[2] for name in names}  # without metadata
    toctree = "\n".join(["```{toctree}", ":maxdepth: 1", "", *names, "```"])
    pages["index"] = f"# Entries\n\nA page for each entry of the zoo.\n\n{toctree}\n"
    for path in folder.glob("*.md"):
        if path.stem not in pages:
            path.unlink()
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")


def to_rst(_app, _what, _name, _object, _options, lines):
    """Docstrings are plain text: `code` between single backticks, and indented blocks that stand as
    they are. reStructuredText writes both in another way.
    """
    given, lines[:] = lines[:], []
    shown = None  # the indent of a block that stands as it is
    for place, line in enumerate(given):
        indent = len(line) - len(line.lstrip())
        if shown is not None and line.strip() and indent < shown:
            shown = None
            lines.append("")
        if shown is None and _begins_block(given, place, indent):
            lines += ["", " " * (indent - 4) + "::", ""]
            shown = indent
        as_it_is = shown is not None or line.lstrip().startswith((">>>", "..."))
        lines.append(line if as_it_is else _escaped(line))


def _begins_block(lines, place, indent):
    """A block follows an empty line or a colon, and is indented by four spaces or more."""
    before = [line for line in lines[:place] if line.strip()]
    if not lines[place].strip() or not before or SECTION.match(before[-1]):
        return False
    last = before[-1]
    deeper = indent >= len(last) - len(last.lstrip()) + 4
    return deeper and (not lines[place - 1].strip() or last.endswith(":"))


def _escaped(line):
    """Markup of reStructuredText outside of code, shown as characters."""
    parts = line.split("`")
    text = [re.sub(r"([*|]|_\b)", r"\\\1", part) for part in parts[::2]]
    code = [f"``{part}``" for part in parts[1::2]]
    if len(parts) % 2 == 0:  # a backtick that is not closed in this line
        return line
    return "".join(a + b for a, b in zip(text, [*code, ""], strict=True))


def setup(app):
    """Sphinx calls this first."""
    app.connect("builder-inited", write_cards)
    app.connect("autodoc-process-docstring", to_rst, priority=400)  # before napoleon's, at 500
