"""`sslzoo eval NAME --speed`: what is timed, and where it is written."""

import json
import shutil
import sys
import time

import pytest

import sslzoo
from sslzoo import cli
from sslzoo.inputs import Vectors
from sslzoo.training import Verb
from sslzoo.zoo.registry import resolve
from sslzoo.zoo.speed import BATCH, speed

ENTRY = "simclr_resnet20.digits"


class Slow:
    """A model that takes a twentieth of a second for a batch."""

    verbs = {"measure": Verb("length"), "encode": Verb("embedding")}
    reads = Vectors(3)

    def __init__(self):
        self.calls = []

    def measure(self, vectors):
        self.calls.append(vectors.shape)
        time.sleep(0.05)


def test_the_main_verb_is_timed_in_batches():
    model = Slow()
    measured = speed(model, seconds=0)
    assert model.calls == [(BATCH, 3)] * 4  # the first one is not counted
    assert BATCH < measured["per_second"] <= BATCH / 0.05
    assert (measured["verb"], measured["items"], measured["shape"]) == ("measure", "vectors", [3])


def test_a_verb_that_draws_is_refused():
    model = Slow()
    model.verbs = {"sample": Verb("images", draws=True)}
    with pytest.raises(ValueError, match="verb: got sample; it must be one that takes items"):
        speed(model)


@pytest.fixture
def command(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["sslzoo", "eval", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return stopped.value.code or 0, *capsys.readouterr()

    return run


def test_a_speed_is_shown_and_recorded(command, tmp_path, monkeypatch):
    path = resolve(ENTRY)
    weights = path.parents[1] / "weights" / f"{ENTRY}.weights.h5"
    for folder, file in (("zoo_configs", path), ("weights", weights)):
        (tmp_path / folder).mkdir()
        shutil.copy(file, tmp_path / folder)
    monkeypatch.setenv("SSLZOO_CONFIGS", str(tmp_path / "zoo_configs"))
    code, out, err = command(ENTRY, "--speed", "--record", "--json")
    assert code == 0, err
    record = sslzoo.info(ENTRY).config.record
    assert record.speed.model_dump() == json.loads(out)
    assert record.speed.shape == [16, 16, 3] and record.speed.per_second > 0
    assert record.metrics == sslzoo.info(str(path)).config.record.metrics


@pytest.mark.parametrize(
    "options, sentence",
    [
        (["--speed", "--k", "3"], "k: got 3; --speed has settings of its own."),
        (["--speed", "--transfer"], "transfer: got True; --speed has settings of its own."),
        (["--record"], "record: needs --transfer or --speed"),
        (["--speed", "--record", "--weights", "none"], "weights: got none; --record needs those"),
    ],
)
def test_options_that_a_speed_does_not_read_are_refused(command, options, sentence):
    code, _, err = command(ENTRY, *options)
    assert code == 2 and sentence in err


def test_a_model_without_a_record_is_refused_before_it_is_loaded(command, tmp_path):
    code, _, err = command("simclr_resnet20.photos", "--speed", "--record")
    assert code == 2 and "has no record; --record adds the speed to the record of a run." in err
