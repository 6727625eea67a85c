"""The blocks of README and of the how-to pages run as they stand, in order; sentences are short.

A block of Python or Bash runs unless its fence says `no-test`, as in ```bash no-test. One that says
`needs-wandb` runs where that package is installed.
"""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

words = pytest.importorskip("benchmarks.words", reason="the wheel has no README and no docs")

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
HOW_TO = sorted((ROOT / "docs/howto").glob("[!i]*.md"))
FENCE = re.compile(r"^```(\S*) ?(.*?)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SHELL = f'sslzoo() {{ "{sys.executable}" -m sslzoo "$@"; }}\n'


def blocks(text):
    """[(line, language, options, code)] of the fenced blocks."""
    found = []
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        found.append((line, match[1], match[2].split(), match[3]))
    return found


def run(line, language, code, namespace, page=README):
    place = f"{page.name}, block in line {line}"
    if language == "python":
        exec(compile("\n" * line + code, place, "exec"), namespace)
        return
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", SHELL + code], capture_output=True, text=True
    )
    assert done.returncode == 0, f"{place}:\n{done.stderr[-2000:]}"


@pytest.fixture
def run_page(tmp_path, monkeypatch):
    """Runs the blocks of a page in an empty folder, as someone who has no other data."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SSLZOO_DATA", raising=False)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "sets"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *sys.path]))

    def run_page(page):
        namespace = {"__name__": "readme"}
        for line, language, options, code in blocks(page.read_text(encoding="utf-8")):
            needed = [option[6:] for option in options if option.startswith("needs-")]
            missing = [name for name in needed if importlib.util.find_spec(name) is None]
            if language in ("python", "bash") and not missing and "no-test" not in options:
                run(line, language, code, namespace, page)

    return run_page


@pytest.mark.tensorflow
def test_every_block_of_the_readme_runs_in_order(run_page, tmp_path):
    run_page(README)
    assert (tmp_path / "served/digits").is_dir()  # the last command has run


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.stem)
def test_every_block_of_a_how_to_page_runs_in_order(run_page, page):
    run_page(page)


def test_every_block_of_the_readme_says_its_language():
    found = blocks(README.read_text(encoding="utf-8"))
    assert {language for _, language, _, _ in found} <= {"python", "bash", "yaml", "text"}
    assert {option for _, _, options, _ in found for option in options} == {"no-test"}


def test_only_commands_that_need_a_network_or_a_gpu_are_left_out():
    for line, language, options, code in blocks(README.read_text(encoding="utf-8")):
        if "no-test" in options:
            commands = {code_line.split(" ")[0] for code_line in code.splitlines()}
            assert language == "bash" and commands <= {"pip", "docker", "python", "sslzoo"}, line


def test_a_block_that_fails_is_found():
    with pytest.raises(NameError):
        run(1, "python", "nowhere\n", {})
    with pytest.raises(AssertionError, match="line 1"):
        run(1, "bash", "false\n", {})


@pytest.mark.parametrize("path", words.pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_sentences_have_at_most_15_words_on_average(path):
    counts = words.lengths(path.read_text(encoding="utf-8"))
    assert np.mean(counts or [0]) <= 15


LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


@pytest.mark.parametrize("path", words.pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(path):
    missing = [link for link in LINK.findall(path.read_text()) if not (path.parent / link).exists()]
    assert missing == []
