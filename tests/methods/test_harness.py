"""The harness prepares what the selected tests need, and nothing for other methods."""

import importlib.util
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from harness import spec_name, specs


@pytest.fixture
def preparing():
    """tests/methods/conftest.py as a module."""
    path = Path(__file__).parent / "conftest.py"
    spec = importlib.util.spec_from_file_location("preparing", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_only_methods_whose_selected_tests_ask_are_prepared(preparing):
    """`pytest -k simclr` takes the other tests out of the session."""

    def item(name, *fixtures):
        return SimpleNamespace(cls=type(name, (), {}), fixturenames=fixtures)

    items = [
        item("TestSimCLR", "interrupted_runs"),
        item("TestSimCLR", "single_steps"),
        item("TestBYOL", "single_steps", "replica_steps"),
        item("TestVAE"),
    ]
    session = SimpleNamespace(items=items)
    asked = {
        name: preparing.asking(SimpleNamespace(session=session, fixturename=name))
        for name in ("interrupted_runs", "single_steps", "replica_steps", "process_steps")
    }
    assert asked == {
        "interrupted_runs": ["SimCLR"],
        "single_steps": ["BYOL", "SimCLR"],
        "replica_steps": ["BYOL"],
        "process_steps": [],
    }


def test_the_other_processes_import_the_test_files_of_the_named_methods_alone(monkeypatch):
    imported = []
    load = importlib.util.spec_from_file_location

    def listed(name, path):
        imported.append(path.stem)
        return load(name, path)

    monkeypatch.setattr(importlib.util, "spec_from_file_location", listed)
    found = specs(["SimCLR", "LwF"])
    assert sorted(found) == ["LwF", "SimCLR"] and sorted(imported) == ["test_lwf", "test_simclr"]
    assert all(spec_name(spec) == name for name, spec in found.items())


def test_every_method_that_has_checks_is_found_by_its_name():
    names = set()
    for path in Path(__file__).parent.glob("*/test_*.py"):
        names |= set(re.findall(r"^class Test(\w+)\(", path.read_text("utf-8"), re.MULTILINE))
    assert set(specs(names)) == names and len(names) >= 15
