"""The suites of benchmarks: kept runs, targets, the exit status. What they train is tested where it stands."""

import importlib
import json
import sys
import types

import pytest

suite = pytest.importorskip("benchmarks.suite", reason="the wheel has no benchmarks")
kept = importlib.import_module("benchmarks.kept").kept
target = importlib.import_module("benchmarks.targets").target


@pytest.mark.parametrize(
    ("value", "most", "met"), [(0.97, False, True), (0.96, False, False), (0.96, True, True), (0.98, True, False)]
)
def test_a_target_is_the_least_or_the_most(value, most, met):
    assert target("it", value, 0.97, most=most) == {"what": "it", "value": value, "target": 0.97, "met": met}


def test_a_run_is_made_once_and_with_the_settings_of_now(tmp_path):
    made = []
    path = tmp_path / "run.json"
    for _ in range(2):
        assert kept(path, {"epochs": 3, "sizes": (1, 2)}, lambda: made.append(0) or {"accuracy": 0.5}) == {"accuracy": 0.5}
    assert len(made) == 1
    with pytest.raises(ValueError, match="run.json: was made with other settings than those of now"):
        kept(path, {"epochs": 4, "sizes": (1, 2)}, dict)


@pytest.mark.parametrize(("reached", "status"), [((0.98, 0.97), 0), ((0.98, 0.96), 1)])
def test_the_exit_status_says_whether_all_targets_are_reached(reached, status, tmp_path, monkeypatch, capsys):
    targets = [target(f"target {row}", value, 0.97) for row, value in enumerate(reached)]
    stub = types.SimpleNamespace(run=lambda runs: {"rows": [{"folder": runs.is_dir()}], "targets": targets})
    monkeypatch.setitem(sys.modules, "benchmarks.few_shot", stub)
    monkeypatch.setattr(sys, "argv", ["suite", "few_shot", "--json", str(tmp_path / "found.json")])
    assert suite.main() == status
    written = json.loads((tmp_path / "found.json").read_text())
    assert written["targets"] == targets and written["rows"] == [{"folder": True}] and written["suite"] == "few_shot"
    assert ("missed" in capsys.readouterr().out) == bool(status)
