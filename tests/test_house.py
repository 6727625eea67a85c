"""Promises about the source itself that no other test would notice."""

import inspect
import re
from pathlib import Path

import pytest

from sslzoo import methods
from sslzoo.zoo import list_models
from sslzoo.zoo.entry import load_config

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for folder in ("sslzoo", "benchmarks", "scripts", "tests")
    for path in (ROOT / folder).rglob("*.py")
)
PRIVATE = re.compile(r"keras\.(src|_tf_keras)\b|from keras import [\w, ]*\b(src|_tf_keras)\b")
CITED = re.compile(
    r"arXiv:\d{4}\.\d{4,5}|(NeurIPS|ICML|ICLR|CVPR|ICCV|ECCV|AAAI|TPAMI|JMLR)\W+\d{4}"
)


def test_nothing_uses_the_private_parts_of_keras():
    assert (
        SOURCES
        and [str(path) for path in SOURCES if PRIVATE.search(path.read_text(encoding="utf-8"))]
        == []
    )


@pytest.mark.parametrize(
    "line",
    ["import keras.{}", "from keras.{} import ops", "from keras import ops, {}", "keras.{}.ops"],
)
@pytest.mark.parametrize("part", ["src", "_tf_keras"])
def test_private_parts_are_recognised(line, part):
    assert PRIVATE.search(line.format(part))


def test_no_file_of_the_package_has_more_than_300_lines():
    counts = {
        str(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / "sslzoo").rglob("*.py")
    }
    assert {path: count for path, count in counts.items() if count > 300} == {}


@pytest.mark.parametrize("name", methods.list_methods())
def test_every_method_cites_its_paper(name):
    assert CITED.search(inspect.getdoc(methods.method_class(name)))


@pytest.mark.parametrize(
    "path", sorted((ROOT / "zoo_configs").glob("*.yaml")), ids=lambda path: path.stem
)
def test_every_entry_of_the_zoo_loads(path):
    assert path.stem in list_models()
    load_config(path)
