"""run.json and the other JSON of a run, read back or refused in one sentence."""

import json

import pytest

from sslzoo.evaluate.protocols.incremental import SCENARIOS, _Rows
from sslzoo.zoo import run_state
from sslzoo.zoo.log import column, forget_epochs
from sslzoo.zoo.run_state import RunState, first_life, read_state

GOOD = {"started": "2026-11-27T04:00:00+00:00", "commit": "a", "seconds": 1.5, "continued": ["b"]}


def test_a_state_is_read_back(tmp_path):
    path = tmp_path / "run.json"
    for state in (GOOD, first_life()):
        path.write_text(json.dumps(state))
        assert read_state(path) == RunState(path).state == state


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"7", b"null", b"\xff\xfe", json.dumps(GOOD).encode()[:40]),
        *(json.dumps(GOOD | {key: None}).encode() for key in GOOD),
        *(json.dumps({k: v for k, v in GOOD.items() if k != key}).encode() for key in ("commit",)),
        *(json.dumps(GOOD | {"seconds": bad}).encode() for bad in (-1, "1", float("nan"), 1e999)),
        json.dumps(GOOD | {"continued": [3]}).encode(),
    ],
)
def test_a_damaged_state_is_one_sentence(tmp_path, content):
    path = tmp_path / "run.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not a readable state of a run") as error:
        RunState(path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"run": {}}', b'{"run": {"a": 1}, "rows": [{}]}', b"\xff"]
)
def test_damaged_rows_are_one_sentence(tmp_path, content):
    (tmp_path / "rows.json").write_bytes(content)
    with pytest.raises(ValueError, match="rows.json: not a readable table of accuracies"):
        _Rows(tmp_path, {"a": 1})


def test_a_long_epoch_is_counted_while_it_lasts(tmp_path, monkeypatch):
    state = RunState(tmp_path / "run.json")
    state.on_train_begin()
    for seconds, written in ((1e9, False), (-1, True)):
        monkeypatch.setattr(run_state, "MOST_SECONDS", seconds)
        (tmp_path / "run.json").unlink()
        state.on_train_batch_end(0)
        assert (tmp_path / "run.json").exists() == written
        state.write()


@pytest.mark.parametrize("content", [b"epoch,loss\n0,half", b"\xff\xfe\x00", b"epoch,loss\n0\n"])
def test_a_damaged_log_is_one_sentence(tmp_path, content):
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="log.csv: not a readable log of a run"):
        column(path, "loss")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="log.csv: not a readable log of a run"):
        forget_epochs(path, 1)
    assert path.read_bytes() == b"\xff\xfe\x00"


def test_rows_are_read_back(tmp_path):
    row = {name: [0.5, 0.25] for name in SCENARIOS}
    _Rows(tmp_path, {"a": 1}).append(row)
    assert _Rows(tmp_path, {"a": 1}).rows == [row]
    with pytest.raises(ValueError, match="its run has a 1, this one 2"):
        _Rows(tmp_path, {"a": 2})
