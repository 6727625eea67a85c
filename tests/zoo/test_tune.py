"""`sslzoo tune`: settings searched on held-out training data, and never on test data."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from sslzoo import data
from sslzoo.cli.tune import command
from sslzoo.zoo import trials as module
from sslzoo.zoo.config import parse_config, read_config
from sslzoo.zoo.entry import load_config
from sslzoo.zoo.judged import judged
from sslzoo.zoo.search_space import Choice, Range, search_space
from sslzoo.zoo.tune import tune

REPOSITORY = Path(__file__).resolve().parents[2]
CONFIG = """\
method: simclr
backbone: {name: micro, width: 4}
image_size: 8
hyperparameters: {projection: [8, 8]}
augment: digits
data: {name: digits, split: train}
optimizer: {name: sgd, learning_rate: 0.03}
batch_size: 512
epochs: 9
evaluate:
- {protocol: knn, train: {name: digits, split: train}, test: {name: digits, split: test}}
"""
SEARCH = {"optimizer.learning_rate": "log:0.001..1", "batch_size": [128, 256, 512]}
KILLED = """
import os, signal
from sslzoo import cli
from sslzoo.training import Checkpoint
step_ends = Checkpoint.on_train_batch_end
def killed(self, batch, logs=None):
    step_ends(self, batch, logs)
    if self.step == 3 and "001" in str(self.path):
        os.kill(os.getpid(), signal.SIGKILL)
Checkpoint.on_train_batch_end = killed
cli.main()
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def measured(monkeypatch):
    """Accuracies without a training: best at a learning rate of 0.1. The configs that came."""
    configs = []

    def measure(config, folder, run):
        configs.append(config)
        distance = abs(np.log10(config.optimizer.learning_rate / 0.1))
        return 0.9 - 0.1 * distance + 0.001 * config.epochs

    monkeypatch.setattr(module, "_measured", measure)
    return configs


def table(folder):
    with open(folder / "trials.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_a_killed_search_ends_as_if_it_had_not_been(path, tmp_path, monkeypatch):
    search = {"optimizer.learning_rate": "log:0.001..1"}
    path.write_text(CONFIG.replace("epochs: 9", "epochs: 2"))
    options = ("--search", "optimizer.learning_rate=log:0.001..1", "--trials", "2")
    arguments = ("tune", str(path), *options, "--out", str(tmp_path / "killed"))
    environment = {"PYTHONPATH": str(REPOSITORY), "KERAS_BACKEND": keras.backend.backend()}
    process = [sys.executable, "-c", KILLED, *arguments]
    done = subprocess.run(process, env=os.environ | environment, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(table(tmp_path / "killed")) == 1  # that of the config as it is written
    splits, load = [], data.load

    def noted(name, split, **options):
        splits.append(split)
        return load(name, split, **options)

    monkeypatch.setattr(data, "load", noted)
    resumed = tune(path, search, tmp_path / "killed", trials=2)
    whole = tune(path, search, tmp_path / "whole", trials=2)
    assert set(splits) == {"train", "train[validation]"}  # test data are never read
    assert [trial[:4] for trial in resumed.trials] == [trial[:4] for trial in whole.trials]
    assert len({trial.accuracy for trial in whole.trials}) > 1
    assert not list(tmp_path.rglob("checkpoint.npz"))


@pytest.mark.slow
def test_the_best_settings_become_a_config(path, tmp_path, measured, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    texts = ["optimizer.learning_rate=log:0.001..1", "batch_size=[128, 256, 512]"]
    command(str(path), texts, tuner="random", trials=8)
    assert "as written" in capsys.readouterr().out
    folder = tmp_path / "runs/tune/mine"
    rows = table(folder)
    assert [row["trial"] for row in rows] == [str(n) for n in range(9)]
    best = max(rows, key=lambda row: float(row["accuracy"]))
    config = read_config(folder / "mine.tuned.yaml")
    assert config.optimizer.learning_rate == float(best["optimizer.learning_rate"])
    assert config.batch_size == int(best["batch_size"])
    changed = config.differing(load_config(path))
    assert set(changed) <= {"optimizer", "batch_size"} and "optimizer" in changed
    assert config.evaluate == load_config(path).evaluate
    assert (folder / "tune.png").read_bytes()[1:4] == b"PNG"


@pytest.mark.slow
@pytest.mark.parametrize("tuner", ["bayesian", "hyperband"])
def test_an_interrupted_search_draws_on_as_before(tuner, path, tmp_path, measured, monkeypatch):
    options = {"tuner": tuner, "trials": None if tuner == "hyperband" else 9}
    whole = tune(path, SEARCH, tmp_path / "whole", **options)
    count = len(measured)
    measure = module._measured

    def interrupted(*arguments):
        if len(measured) == count + 8:  # the Gaussian process has begun
            raise KeyboardInterrupt
        return measure(*arguments)

    monkeypatch.setattr(module, "_measured", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tune(path, SEARCH, tmp_path / "out", **options)
    monkeypatch.setattr(module, "_measured", measure)
    resumed = tune(path, SEARCH, tmp_path / "out", **options)
    assert [trial[:4] for trial in resumed.trials] == [trial[:4] for trial in whole.trials]
    assert len(measured) == 2 * count  # none twice


@pytest.mark.slow
def test_more_trials_go_on_and_another_search_needs_another_folder(path, tmp_path, measured):
    first = tune(path, SEARCH, tmp_path / "out", "random", trials=2)
    more = tune(path, SEARCH, tmp_path / "out", "random", trials=4)
    assert more.trials[:3] == first.trials and len(measured) == len(more.trials) == 5
    with pytest.raises(ValueError, match=r"of another search \(config\)"):
        tune(path, SEARCH, tmp_path / "out", "random", hold_out=0.3)


@pytest.mark.slow
def test_hyperband_trains_the_better_ones_longer(path, tmp_path, measured):
    found = tune(path, SEARCH, tmp_path / "out", "hyperband")
    _, *trials = found.trials
    first = [trial for trial in trials[:9] if trial.epochs == 1]
    assert len(first) == 9
    kept = sorted(first, key=lambda trial: -trial.accuracy)[:3]
    assert [t.settings for t in trials[9:12]] == [t.settings for t in kept]
    assert {trial.epochs for trial in trials[9:12]} == {3} and trials[12].epochs == 9
    assert found.best.epochs == 9


def test_a_training_that_fails_is_in_the_table(path, tmp_path, monkeypatch):
    def measure(config, folder, run):
        if config.batch_size == 512:
            raise FloatingPointError("the loss is not a number")
        return 0.5

    monkeypatch.setattr(module, "_measured", measure)
    found = tune(path, {"batch_size": [256, 512, 128]}, tmp_path / "out", "random", trials=3)
    notes = {trial.settings["batch_size"]: trial.note for trial in found.trials[1:]}
    assert "not a number" in notes.pop(512) and set(notes.values()) == {""}
    with pytest.raises(ValueError, match="no training finished; the last one: the loss is not"):
        tune(path, {"seed": [1, 2]}, tmp_path / "other", "random", trials=2)


def test_held_out_rows_are_not_trained_on():
    parts = [data.load("digits", split, validation=0.2) for split in ("train", "train[validation]")]
    rows = [image.tobytes() for part in parts for image in part.images]
    assert sorted(rows) == sorted(image.tobytes() for image in data.load("digits").images)
    assert abs(len(parts[1]) - 0.2 * 1297) < 10 and len(np.unique(parts[1].labels)) == 10
    config = judged(load_config("flexmatch_convnet.digits"), "accuracy", 0.2)
    assert config.data.validation == 0.2
    assert config.hyperparameters["unlabeled_size"] == len(parts[0])
    assert [evaluation.test.split for evaluation in config.evaluate] == ["train[validation]"]


def test_ranges():
    config = parse_config(CONFIG)
    texts = {
        "optimizer.learning_rate": "log:1e-3..0.5",
        "epochs": "2..9",
        "augment": "[digits, gray]",
    }
    learning_rate, epochs, augment = search_space(config, texts).values()
    assert learning_rate == Range(0.001, 0.5, log=True) and augment == Choice(["digits", "gray"])
    assert learning_rate.value(0.0123456) == 0.01235 and epochs.value(3) == 3


@pytest.mark.parametrize(
    ("search", "options", "message"),
    [
        ([], {}, "--search: got nothing"),
        (["batch_size"], {}, "--search: got 'batch_size'; it must be KEY=RANGE"),
        (["batch_size=256"], {}, "--search batch_size: got 256; it must be LOW..HIGH"),
        (["batch_size=[8, 8]"], {}, "--search batch_size: got"),
        (["batch_size=256..128"], {}, "the lower one first"),
        (["batch_size=a..b"], {}, "a number on each side"),
        (["batch_size=log:0..128"], {}, "begin above 0"),
        (["batch_size=0..128"], {}, "batch_size: got 0"),
        (["learning_rate=0.1..1"], {}, "did you mean optimizer.learning_rate"),
        (["optimizer.rate=0.1..1"], {}, "--search: unknown key 'optimizer.rate'"),
        (["data.split=[train, test]"], {}, "not of its data"),
        (["augment=[digits, digit]"], {}, "digit"),
        (["hyperparameters.temperatur=0.1..1"], {}, "temperatur"),
        (["epochs=2..9"], {"tuner": "hyperband"}, "hyperband decides"),
        (["seed=0..9"], {"tuner": "hyperband", "trials": 3}, "--trials: got 3"),
        (["seed=0..9"], {"trials": 0}, "--trials: got 0"),
        (["seed=0..9"], {"hold_out": 1.0}, "--hold-out: got 1.0"),
        (["seed=0..9"], {"objective": "accuracy"}, "classify"),
    ],
)
def test_bad_input_is_refused_before_anything_is_trained(search, options, message, path, tmp_path):
    with pytest.raises(ValueError, match=message):
        command(str(path), search, out=tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("split: test}\noptim", "split: got test of digits; it must be training data"),
        ('split: "train[:500]"}\noptim', "data: got another part of digits"),
    ],
)
def test_data_that_cannot_be_held_out(text, message):
    other = CONFIG.replace("split: train}\noptim", text)
    if "test}" in text:
        other = other.partition("evaluate:")[0]
    with pytest.raises(ValueError, match=message.replace("[", r"\[")):
        judged(parse_config(other), "knn", 0.2)
