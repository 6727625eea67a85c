"""`sslzoo train`: a run that is killed ends as if it had not been, a folder belongs to one recipe,
a record is whole.
"""

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import sslzoo
from sslzoo import inputs
from sslzoo.data import ByDomain, Dataset
from sslzoo.files import replace_file
from sslzoo.training import Checkpoint, ClosedForm
from sslzoo.zoo import run_state, versions
from sslzoo.zoo import train as training
from sslzoo.zoo.config import dump
from sslzoo.zoo.entry import load_config
from sslzoo.zoo.run_state import RunState, commit
from sslzoo.zoo.train import train
from sslzoo.zoo.yaml_text import ConfigError

REPOSITORY = Path(__file__).resolve().parents[2]
# of an epoch; in epoch 3 of 3, past the end of epoch 2, with the last checkpoint at 200
STEPS, KILL_AT = 162, 340
CONFIG = """\
description: a model of the tests
paper: {title: A Paper}
licence: Apache-2.0
method: simclr
backbone: {name: micro, width: 4}
image_size: 8
hyperparameters: {projection: [8, 8]}
augment: digits
data: {name: digits, split: train}
optimizer: {name: sgd, learning_rate: 0.1}
batch_size: 8
epochs: 3
"""
KILLED = """
import os, signal, sys
from sslzoo import cli
from sslzoo.training import Checkpoint
step_ends = Checkpoint.on_train_batch_end
def killed(self, batch, logs=None):
    step_ends(self, batch, logs)
    if self.step == int(os.environ["KILL_AT"]):
        os.kill(os.getpid(), signal.SIGKILL)
Checkpoint.on_train_batch_end = killed
cli.main()
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(CONFIG)
    return path


def start(path, run_dir, *python, **environment):
    """`sslzoo train` in a process of its own. KERAS_BACKEND names the other backend there:
    --backend must win.
    """
    here = keras.backend.backend()
    other = {"tensorflow": "jax", "jax": "tensorflow"}[here]
    arguments = ["train", path, "--run-dir", run_dir, "--backend", here, "--json"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "KERAS_BACKEND": other,
        **environment,
    }
    command = [sys.executable, *(python or ("-m", "sslzoo")), *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def finished(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err[-2000:]
    return json.loads(out)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.slow
def test_a_run_killed_inside_an_epoch_ends_as_one_that_was_not(path, tmp_path):
    whole = start(path, tmp_path / "whole")
    process = start(
        path,
        tmp_path / "run",
        "-c",
        KILLED,
        KILL_AT=str(KILL_AT),
        KERAS_BACKEND=keras.backend.backend(),
    )
    assert process.wait(timeout=300) == -signal.SIGKILL
    log, state = tmp_path / "run/log.csv", json.loads((tmp_path / "run/run.json").read_text())
    assert [row["epoch"] for row in csv.DictReader(log.open())] == ["0", "1"] and state[
        "seconds"
    ] > 0
    before = {**state, "commit": "the first"}
    (tmp_path / "run/run.json").write_text(json.dumps(before))

    record = finished(start(path, tmp_path / "run"))
    assert record["backend"] == keras.backend.backend() and record["steps"] == 3 * STEPS
    uninterrupted = finished(whole)
    assert (
        "continued" not in uninterrupted
        and record["weights"]["sha256"] == uninterrupted["weights"]["sha256"]
    )
    assert sha256(tmp_path / "run/mine.weights.h5") == sha256(tmp_path / "whole/mine.weights.h5")

    assert [row["epoch"] for row in csv.DictReader(log.open())] == ["0", "1", "2"]
    after = json.loads((tmp_path / "run/run.json").read_text())
    assert (
        after["started"] == before["started"] == record["started"]
        and after["seconds"] > before["seconds"]
    )
    assert record["commit"] == "the first" and record["continued"] == [uninterrupted["commit"]]


@pytest.fixture
def short(path):
    """A config whose run is two steps."""
    path.write_text(
        CONFIG.replace("batch_size: 8", "batch_size: 512").replace("epochs: 3", "epochs: 1")
    )
    return path


def test_a_folder_belongs_to_one_recipe(short, tmp_path):
    train(short, tmp_path / "run", verbose=0)
    config, text = tmp_path / "run/config.yaml", short.read_text()
    # As an older version wrote it, which knew neither the optional keys nor this description.
    config.write_text(
        config.read_text()
        .replace("on_error: raise", "")
        .replace("reference: []\n", "")
        .replace("a model", "one")
    )
    evaluation = (
        "evaluate:\n- {protocol: knn, train: {name: digits, split: train}, "
        "test: {name: digits, split: test}}\n"
    )
    short.write_text(text + evaluation)
    assert train(short, tmp_path / "run", verbose=0)["metrics"][0]["protocol"] == "knn"
    assert config.read_text() == dump(load_config(short))
    before = config.read_text()
    for old, new, named in (
        ("seed: 0", "seed: 1", "seed"),
        ("split: train", "split: test", "data"),
    ):
        short.write_text(("seed: 0\n" + text).replace(old, new, 1))
        with pytest.raises(
            ValueError, match=rf"another config was trained in this folder \({named} differ\)"
        ):
            train(short, tmp_path / "run", verbose=0)
    assert config.read_text() == before


def test_a_finished_run_is_given_more_epochs(short, tmp_path):
    run, text = tmp_path / "run", short.read_text() + "schedule: {warmup_epochs: 0.5}\n"
    short.write_text(text)
    train(short, run, verbose=0)
    short.write_text(text.replace("epochs: 1\n", "epochs: 2\n", 1))
    assert train(short, run, verbose=0)["steps"] == 4
    assert [row["epoch"] for row in csv.DictReader((run / "log.csv").open())] == ["0", "1"]
    record = json.loads((run / "record.json").read_text())
    assert record["steps"] == 4 and record["curves"]["epoch"] == [1, 2]
    losses = [float(row["loss"]) for row in csv.DictReader((run / "log.csv").open())]
    assert np.allclose(record["curves"]["loss"], losses, rtol=1e-3)
    assert load_config(run).record.curves == record["curves"]
    config = (run / "config.yaml").read_text()
    (run / "record.json").unlink()  # as if it were not finished
    short.write_text(text.replace("epochs: 1\n", "epochs: 3\n", 1))
    with pytest.raises(
        ValueError, match="epochs differ.* A run that is finished may be given more"
    ):
        train(short, run, verbose=0)
    assert (run / "config.yaml").read_text() == config


def test_fewer_epochs_than_the_warm_up_shrink_it(short, tmp_path):
    run = tmp_path / "run"
    text = short.read_text().replace("epochs: 1\n", "epochs: 8\n", 1)
    short.write_text(text + "schedule: {warmup_epochs: 2}\n")
    assert train(short, run, verbose=0, changes={"epochs": 1})["steps"] == 2
    assert load_config(run).schedule.warmup_epochs == 0.25
    assert train(short, run, verbose=0, changes={"epochs": 3})["steps"] == 6  # goes on
    with pytest.raises(ValueError, match="warmup_epochs: got 2.0; it must be below epochs = 1"):
        train(short, run, changes={"epochs": 1, "schedule.warmup_epochs": 2.0})


FEW_LABELS = """\
description: a model of the tests
paper: {title: A Paper}
licence: Apache-2.0
method: fixmatch
backbone: {name: micro, width: 4}
image_size: 8
hyperparameters: {classes: 10}
augment: digits
data: {name: digits, split: train}
sampler: {name: paired, labels_per_class: 4, ratio: 1, steps_per_epoch: 3}
optimizer: {name: sgd, learning_rate: 0.03}
batch_size: 8
epochs: 3
evaluate:
- {protocol: accuracy, test: {name: digits, split: test}}
"""


@pytest.mark.slow
def test_the_best_epoch_stands_beside_the_last_also_of_a_run_with_two_lives(
    path, tmp_path, monkeypatch
):
    path.write_text(FEW_LABELS)
    step_ends = Checkpoint.on_train_batch_end

    def interrupted(self, batch, logs=None):
        step_ends(self, batch, logs)
        if self.step == 5:  # in the second epoch
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "on_train_batch_end", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(path, tmp_path / "run", checkpoint_every=2, verbose=0)
    monkeypatch.undo()
    log = tmp_path / "run/log.csv"
    header, first = (line.split(",") for line in log.read_text().splitlines())
    first[header.index("test_accuracy")] = "0.99"  # as if the first epoch had been the best by far
    log.write_text(f"{','.join(header)}\n{','.join(first)}\n")

    (metric,) = train(path, tmp_path / "run", checkpoint_every=2, record=True, verbose=0)["metrics"]
    accuracies = [float(row["test_accuracy"]) for row in csv.DictReader(log.open())]
    assert len(accuracies) == 3 and metric["accuracy"] == accuracies[-1] < 0.9
    assert metric["best_epoch_accuracy"] == 0.99 and list(metric)[:3] == [
        "protocol",
        "accuracy",
        "best_epoch_accuracy",
    ]
    assert load_config(path).record.metrics[0]["best_epoch_accuracy"] == 0.99


@pytest.mark.slow
def test_the_same_labels_alone_are_the_baseline_of_a_method_of_few_labels(path, tmp_path):
    path.write_text(FEW_LABELS)
    (metric,) = train(path, tmp_path / "run", verbose=0)["metrics"]
    assert metric["baselines"].keys() == {"untrained", "same_labels_alone"}
    path.write_text(FEW_LABELS.replace("{classes: 10}", "{classes: 10, unlabeled_weight: 0.0}"))
    (alone,) = train(path, tmp_path / "alone", verbose=0)["metrics"]
    assert alone["accuracy"] == metric["baselines"]["same_labels_alone"] and alone[
        "baselines"
    ].keys() == {"untrained"}


PERIODS = """\
description: a model of the tests
paper: {title: A Paper}
licence: Apache-2.0
method: adarnn
backbone: {name: gru, steps: 4, features: 2, units: [4]}
hyperparameters: {periods: 3}
data: {name: DATA, split: train}
sampler: {name: by_domain, samples: 5, periods: 3}
optimizer: {name: adam, learning_rate: 0.01}
epochs: 2
evaluate:
- {protocol: regression, train: {name: DATA, split: train}, test: {name: DATA, split: train}}
"""


@pytest.mark.slow
def test_an_ablation_without_the_sampler_is_trained_on_shuffled_rows(path, tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    rows = {"series_train": rng.normal(size=(50, 4, 2)), "targets_train": rng.normal(size=50)}
    np.savez(tmp_path / "air.npz", **rows)
    path.write_text(PERIODS.replace("DATA", str(tmp_path / "air.npz")))
    seen, learn = {}, training.learn

    def noted(model, config, data, folder, *others):
        seen[folder.name] = model, config, data
        learned = learn(model, config, data, folder, *others)
        assert learned.steps == 2 * 3  # 50 rows in batches of 15, twice
        return learned

    monkeypatch.setattr(training, "learn", noted)
    (metric,) = train(path, tmp_path / "run", verbose=0)["metrics"]
    _, entry, periods = seen["run"]
    plain, config, data = seen["plain_gru"]
    assert isinstance(periods, ByDomain) and periods.batch_size == config.batch_size == 15
    assert isinstance(data, Dataset) and "domains" not in data.fields
    same, other, batches = seen["plain_gru_same_batches"]
    assert batches is periods and other.sampler == entry.sampler
    for name, model in (("plain_gru", plain), ("plain_gru_same_batches", same)):
        forecasts = model.forecast(rows["series_train"].astype("float32"))
        rmse = np.sqrt(np.mean((forecasts - rows["targets_train"]) ** 2))
        assert metric["baselines"][name] == pytest.approx(rmse, rel=1e-4)


@pytest.mark.slow
def test_a_log_that_was_begun_without_test_accuracies_goes_on_without(path, tmp_path):
    path.write_text(FEW_LABELS.split("evaluate:")[0].replace("epochs: 3", "epochs: 1"))
    train(path, tmp_path / "run", verbose=0)
    before = (tmp_path / "run/log.csv").read_text()
    path.write_text(FEW_LABELS.replace("epochs: 3", "epochs: 1"))
    (tmp_path / "run/checkpoint.npz").unlink()
    (metric,) = train(path, tmp_path / "run", verbose=0)["metrics"]
    assert "best_epoch_accuracy" not in metric and (tmp_path / "run/log.csv").read_text() == before


def test_a_name_that_cannot_be_recorded_is_refused_before_training(short, tmp_path):
    with pytest.raises(ConfigError, match="the name is 'my model'"):
        train(short.rename(tmp_path / "my model.yaml"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


EVALUATIONS = [
    (
        "{protocol: accuracy, test: {name: digits, split: test}}",
        "model: got a SimCLR without classify; it must have classify for accuracy",
    ),
    (
        "{protocol: knn, train: {name: SERIES, split: train}, test: {name: SERIES, split: train}}",
        "train: got series; it must hold images, which this model reads",
    ),
    (
        "{protocol: retrieval, test: {name: IMAGES, split: train}}",
        "test: got no labels; it must have labels",
    ),
]


@pytest.mark.parametrize(("evaluation", "sentence"), EVALUATIONS)
def test_what_a_protocol_cannot_measure_is_refused_before_training(
    short, tmp_path, evaluation, sentence
):
    series, images = tmp_path / "series.npz", tmp_path / "images.npz"
    np.savez(series, series_train=np.zeros((8, 5, 2), "float32"), labels_train=np.arange(8) % 2)
    np.savez(images, images_train=np.zeros((8, 8, 8, 3), "uint8"))
    evaluation = evaluation.replace("SERIES", str(series)).replace("IMAGES", str(images))
    text = short.read_text().split("evaluate:")[0]
    short.write_text(f"{text}evaluate:\n- {evaluation}\n")
    with pytest.raises(ValueError, match=sentence):
        train(short, tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()


def test_a_likelihood_of_other_images_than_the_network_has_is_refused_before_training(
    short, tmp_path
):
    """The network has three channels, the digits one."""
    text = short.read_text().split("evaluate:")[0]
    text = text.replace("simclr", "vae").replace("{name: micro, width: 4}", "mlp")
    text = text.replace("hyperparameters: {projection: [8, 8]}\naugment: digits\n", "")
    digits = "{name: digits, split: test}"
    text += f"evaluate:\n- {{protocol: likelihood, train: {digits}, test: {digits}}}\n"
    short.write_text(text)
    sentence = "test: got images of 8 x 8 x 1; it must have 8 x 8 x 3, those of the model's net"
    with pytest.raises(ValueError, match=sentence):
        train(short, tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()


def test_a_config_without_the_optimizer_that_its_method_needs_is_refused(short, tmp_path):
    kept = [line for line in short.read_text().split("evaluate:")[0].splitlines()]
    left_out = ("optimizer", "batch_size", "epochs", "schedule")
    short.write_text("\n".join(line for line in kept if not line.startswith(left_out)))
    with pytest.raises(ValueError, match="^optimizer: missing; simclr is trained by one.$"):
        train(short, tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_crash_between_weights_and_record_is_told_at_the_next_load(short, tmp_path, monkeypatch):
    train(short, tmp_path / "run", record=True, verbose=0)
    assert sslzoo.load(short)

    def crashes(path, content):
        if Path(path) == short:
            raise KeyboardInterrupt
        replace_file(path, content)

    monkeypatch.setattr(versions, "replace_file", crashes)
    with pytest.raises(KeyboardInterrupt):
        train(short, tmp_path / "run", record=True, encoding="float32", verbose=0)
    with pytest.raises(
        ValueError,
        match="(?s)mine.weights.h5: got .*restore it or run `sslzoo train mine --record` again",
    ):
        sslzoo.load(short)
    monkeypatch.undo()
    train(short, tmp_path / "run", record=True, verbose=0)
    assert sslzoo.load(short)


def test_a_record_that_cannot_be_written_leaves_the_weights(short, tmp_path, monkeypatch):
    train(short, tmp_path / "run", record=True, verbose=0)
    before = (tmp_path / "mine.weights.h5").read_bytes(), short.read_text()
    monkeypatch.setattr(run_state, "device", lambda: None)
    with pytest.raises(ConfigError, match="device: got None"):
        train(short, tmp_path / "run", record=True, encoding="float32", verbose=0)
    assert ((tmp_path / "mine.weights.h5").read_bytes(), short.read_text()) == before


def test_runs_go_on_from_the_commits_they_name(tmp_path, monkeypatch):
    for name in ("a", "b", "a", "b", "c"):
        monkeypatch.setattr(run_state, "commit", lambda name=name: name)
        progress = RunState(tmp_path / "run.json")
        progress.on_train_begin()
    assert progress.commits() == {"commit": "a", "continued": ["b", "c"]}
    # as earlier versions wrote it
    old = {"started": "2026-11-22T11:49:01+00:00", "commit": "a", "seconds": 5.0}
    (tmp_path / "run.json").write_text(json.dumps(old))
    # a look at a finished run continues nothing
    assert RunState(tmp_path / "run.json").commits() == {"commit": "a"}


def test_the_commit_says_when_anything_differs(tmp_path, monkeypatch):
    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(
            ["git", "-C", tmp_path, *identity, *arguments], check=True, capture_output=True
        )

    for name in ("sslzoo/__init__.py", "zoo_configs/a.yaml"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("x")
    (tmp_path / ".gitignore").write_text("runs/\n")
    monkeypatch.setattr(sslzoo, "__file__", str(tmp_path / "sslzoo/__init__.py"))
    assert commit() == f"sslzoo {sslzoo.__version__}"
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "x")
    clean = commit()
    assert len(clean) == 40
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/log.csv").write_text("x")
    assert commit() == clean
    for name in ("sslzoo/new_method.py", "zoo_configs/a.yaml"):
        before = (tmp_path / name).read_text() if (tmp_path / name).exists() else None
        (tmp_path / name).write_text("changed")
        assert commit() == f"{clean}-modified"
        (tmp_path / name).unlink() if before is None else (tmp_path / name).write_text(before)
    installed = tmp_path / ".venv/lib/sslzoo/__init__.py"  # in somebody else's repository
    monkeypatch.setattr(sslzoo, "__file__", str(installed))
    installed.parent.mkdir(parents=True)
    assert commit() == f"sslzoo {sslzoo.__version__}"


class Center(ClosedForm):
    def __init__(self):
        super().__init__(reads=inputs.Vectors(2))
        self.mean = self.add_weight(shape=(2,), initializer="zeros", trainable=False)

    def solve(self, data):
        self.mean.assign(data["vectors"].mean(axis=0))
        return {"rows": len(data["vectors"])}


def test_what_is_solved_at_once_begins_anew_and_leaves_a_log_of_one_epoch(tmp_path):
    config = load_config("tca.office_caltech10")
    (tmp_path / "run.json").write_text('{"started": "2020-01-01", "commit": "x", "seconds": 1e6}')
    run = RunState(tmp_path / "run.json")
    rows = np.ones((3, 2), "float32")
    learned = training.learn(Center(), config, rows, tmp_path, [run], {})
    assert (learned.steps, learned.metrics[0]["rows"]) == (1, 3.0)
    assert run.seconds < 1e6
    assert run.record()["started"] != "2020-01-01"
    assert (tmp_path / "log.csv").read_text() == "epoch,rows\n0,3.0\n"


SOLVED = """\
description: a model of the tests
paper: {title: A Paper}
licence: Apache-2.0
method: tca
hyperparameters: {features: 2, components: 1}
data:
  source: {name: here, split: train}
  target: {name: there, split: train}
"""


@pytest.fixture
def solved(tmp_path, monkeypatch):
    """A config whose data are ten and eight rows of two numbers."""
    rows = np.random.default_rng(0).normal(size=(18, 2)).astype("float32")
    sets = {"source": Dataset(vectors=rows[:10]), "target": Dataset(vectors=rows[10:])}
    monkeypatch.setattr(training, "training_data", lambda config: sets)
    path = tmp_path / "solved.yaml"
    path.write_text(SOLVED)
    return path


def test_what_solving_found_is_in_the_record_and_in_the_log(solved, tmp_path):
    result = train(solved, tmp_path / "run", verbose=0)
    (found,) = result["metrics"]
    assert found["protocol"] == "solve" and {"mmd", "mmd_vectors"} < set(found)
    for name in ("metrics", "record"):
        written = json.loads((tmp_path / f"run/{name}.json").read_text())
        assert (written["metrics"] if name == "record" else written) == [found]
    with open(tmp_path / "run/log.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert float(row["mmd"]) == found["mmd"]


def test_solving_again_counts_its_own_seconds_alone(solved, tmp_path):
    train(solved, tmp_path / "run", verbose=0)
    path = tmp_path / "run/run.json"
    first = {
        "started": "2020-01-01",
        "commit": "x",
        "seconds": 1e6,
        "continued": ["y"],
    }
    path.write_text(json.dumps(first))
    result = train(solved, tmp_path / "run", verbose=0)
    assert result["wall_seconds"] < 1e3
    assert (result["commit"], result["started"]) != ("x", "2020-01-01")
    assert result["commit"] == commit() and "continued" not in result


def test_an_optimizer_for_what_is_solved_at_once_is_refused_before_anything(solved, tmp_path):
    optimizer = "optimizer: {name: sgd, learning_rate: 0.1}"
    solved.write_text(f"{SOLVED}epochs: 5\nbatch_size: 8\n{optimizer}\n")
    with pytest.raises(ValueError, match="^optimizer: got 'sgd'; needed none: tca is solved at"):
        train(solved, tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()
