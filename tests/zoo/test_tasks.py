"""`sslzoo train` on tasks in sequence."""

import numpy as np
import pytest

import sslzoo
from sslzoo.zoo.train import train

CONFIG = """\
description: a model of the tests
paper: {title: A Paper}
licence: Apache-2.0
method: replay
backbone: {name: mlp, widths: [16], channels: 1}
image_size: 8
hyperparameters: {classes: 10, exemplars: 40}
data: {name: digits, split: train}
tasks: {count: 2, seed: 3, test: {name: digits, split: test}}
optimizer: {name: adam, learning_rate: 0.01}
batch_size: 64
epochs: 5
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(CONFIG)
    return path


@pytest.mark.slow
def test_the_record_holds_the_matrix_and_the_bounds_and_a_second_call_trains_nothing(
    path, tmp_path
):
    record = train(path, tmp_path / "run", record=True, verbose=0)
    (metric,) = record["metrics"]
    assert metric["protocol"] == "incremental" and np.shape(metric["class"]["matrix"]) == (2, 2)
    assert record["steps"] == sum(metric["settings"]["steps"])
    # half of the second task is memory
    assert metric["settings"]["steps"][1] > 1.8 * metric["settings"]["steps"][0]
    bounds = metric["baselines"]
    assert set(bounds) == {"naive", "naive_task", "joint", "joint_task"}
    assert (
        bounds["naive"] < min(metric["accuracy"], bounds["joint"])
        and bounds["joint"] < bounds["joint_task"]
    )

    (tmp_path / "run/record.json").unlink()  # as while it runs: the newest checkpoint
    running = sslzoo.load(tmp_path / "run")
    assert running.tasks_begun == 2 and len(running.exemplars.arrays()[1])

    again = train(path, tmp_path / "run", verbose=0)
    assert again["metrics"][0]["accuracy"] == metric["accuracy"]
    assert (
        again["weights"]["sha256"] == record["weights"]["sha256"]
        and again["wall_seconds"] == record["wall_seconds"]
    )

    model = sslzoo.load(path)  # head and tasks are in the weights, the memory is the run's
    stream = sslzoo.data.TaskStream(
        *(sslzoo.data.load("digits", split=split) for split in ("train", "test")), tasks=2, seed=3
    )
    right = model.classify(stream.test.images).argmax(axis=1) == stream.test.labels
    assert right.mean() == pytest.approx(metric["accuracy"], abs=0.01)  # fp16
    assert model.tasks_begun == 2 and len(model.exemplars.arrays()[1]) == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (", test: {name: digits, split: test}", "", "the key 'tasks.test' is missing"),
        (
            "optimizer:",
            "evaluate: [{protocol: incremental, test: {name: digits, split: test}}]\noptimizer:",
            "evaluate.0..protocol: got 'incremental'; it must be one of",
        ),
        (
            "tasks: {count: 2, seed: 3, test: {name: digits, split: test}}",
            "",
            "tasks: missing; replay learns tasks in sequence",
        ),
        (
            "tasks:",
            "sampler: {name: class_balanced, classes: 2, samples: 2, steps_per_epoch: 1}\ntasks:",
            "sampler: got 'class_bal",
        ),
        ("method: replay", "method: simclr", "tasks: simclr does not learn tasks in sequence"),
    ],
)
def test_configs_that_do_not_fit_together_are_refused(path, tmp_path, old, new, message):
    text = CONFIG.replace(old, new)
    path.write_text(
        text.replace("{classes: 10, exemplars: 40}", "{projection: [8, 8]}")
        if "simclr" in new
        else text
    )
    with pytest.raises(ValueError, match=message):
        train(path, tmp_path / "run", verbose=0)
