"""What every learner of tasks in sequence does: masks, refusals, and going on where it was
killed.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from harness import read, state
from keras import ops

import sslzoo
from sslzoo import data, methods, nn

FAMILY = methods.list_methods("incremental")


@pytest.fixture(scope="module")
def stream():
    digits = (data.load("digits", split=split) for split in ("train", "test"))
    return data.TaskStream(*digits, tasks=2)


def make(name, optimizer="adam", **kwargs):
    model = methods.method_class(name)(
        nn.backbone("mlp", 8, channels=1, widths=[32]), classes=10, **kwargs
    )
    model.compile(optimizer)
    return model


def learned(name, task, epochs=1, **kwargs):
    model = make(name, **kwargs)
    model.learn_task(task.classes, task.train, batch_size=32, epochs=epochs, verbose=0)
    return model


@pytest.mark.parametrize("name", FAMILY)
def test_classes_to_come_are_masked_and_their_columns_stay_as_they_were(name, stream):
    model = make(name, "sgd")
    before = model.head.get_weights()
    model.learn_task(stream[0].classes, stream[0].train, batch_size=32, verbose=0)
    for old, new in zip(before, model.head.get_weights(), strict=True):
        np.testing.assert_array_equal(old[..., 5:], new[..., 5:])
        assert (old[..., :5] != new[..., :5]).any()
    probabilities = model.classify(stream.test.images)
    assert not probabilities[:, 5:].any()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    with pytest.raises(
        ValueError, match=r"task: got 4; it must be an integer of at least 0 and at most \d"
    ):
        model.classify(stream.test.images, task=4)


def test_the_task_that_is_told_decides_which_classes_compete(stream):
    model = learned("naive", stream[0])
    model.learn_task(stream[1].classes, stream[1].train, batch_size=32, verbose=0)
    scores, images = model.scores(stream.test.images), stream.test.images
    everything = model.classify(images)
    np.testing.assert_allclose(
        everything, np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True), rtol=1e-4, atol=1e-7
    )
    for task in (0, 1):
        own = slice(5 * task, 5 * task + 5)
        told = model.classify(images, task=task)
        expected = np.exp(scores[:, own]) / np.exp(scores[:, own]).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(told[:, own], expected, rtol=1e-4, atol=1e-7)
        assert told.sum() == pytest.approx(len(images), rel=1e-5)


@pytest.mark.slow
def test_lwf_forgets_where_classes_compete_and_not_where_the_task_is_told(stream):
    """A regularizer that kept old classes here would have been told something: their labels, or the
    task.
    """
    model = make("lwf")
    record = sslzoo.evaluate.incremental(model, stream, epochs=15, batch_size=32)
    assert record["class"]["average_accuracy"] < 0.6  # the chance of guessing the task is 1 / 2
    assert record["task"]["average_accuracy"] > 0.85


BAD_TASKS = [
    ([], r"classes: got \[\]; it must be a list of class numbers, such as \[0, 1\]"),
    (
        [5, 5],
        "classes: got class 5 of task 1 again for task 1; it must be classes that had no task",
    ),
    (
        [5, 4],
        "classes: got class 4 of task 0 again for task 1; it must be classes that had no task",
    ),
    ([10], "classes: got 10; it must be an integer of at least 0 and at most 9"),
    ([-1], "classes: got -1"),
    ([5.5], "classes: got 5.5; it must be an integer"),
    (5, "classes: got 5; it must be a list of class numbers"),
    (["5"], "classes: got '5'; it must be an integer"),
]


@pytest.mark.parametrize("name", FAMILY)
def test_bad_tasks_are_refused_and_change_nothing(name, stream):
    model = make(name)
    images, labels = stream[0].train.images[:40], stream[0].train.labels[:40]
    with pytest.raises(ValueError, match=r"fit: no task is open; begin_task\(classes\) opens one"):
        model.fit(images, labels, verbose=0)
    with pytest.raises(ValueError, match="end_task: no task is open"):
        model.end_task((images, labels))
    model.begin_task(range(5))
    with pytest.raises(
        ValueError,
        match=r"begin_task: task 0 is still open, of classes \[0, 1, 2, 3, 4\]; end_task closes it",
    ):
        model.begin_task([5])
    with pytest.raises(
        ValueError, match=r"labels: got class 7, which .*; it must be of the classes \[0, 1, 2"
    ):
        model.fit(images, np.full(40, 7), verbose=0)
    with pytest.raises(ValueError, match="labels: got integers from 10 to 10; it must be in 0..9"):
        model.fit(images, np.full(40, 10), verbose=0)
    model.end_task((images, labels))
    before = ops.convert_to_numpy(model.task_of)
    for classes, message in BAD_TASKS:
        with pytest.raises(ValueError, match=message):
            model.begin_task(classes)
    np.testing.assert_array_equal(ops.convert_to_numpy(model.task_of), before)


@pytest.mark.parametrize("name", ["replay", "icarl"])
@pytest.mark.parametrize("verb", ["choose", "remember"])
def test_an_end_of_a_task_that_is_interrupted_can_be_called_again(name, verb, stream, monkeypatch):
    """A task that counted as ended without its exemplars would be lost to every later one."""
    whole, stopped = (make(name) for _ in range(2))
    for model in (whole, stopped):
        model.begin_task(stream[0].classes)
    whole.end_task(stream[0].train)
    original = getattr(stopped, verb)

    def interrupted(*given):
        original(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(stopped, verb, interrupted)
    with pytest.raises(KeyboardInterrupt):
        stopped.end_task(stream[0].train)
    monkeypatch.undo()
    assert stopped.task_is_open
    stopped.end_task(stream[0].train)
    assert not stopped.task_is_open
    for mine, theirs in zip(stopped.variables, whole.variables, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(mine), ops.convert_to_numpy(theirs))


@pytest.mark.parametrize("name", ["naive", "lwf"])
def test_without_a_memory_earlier_classes_are_refused(name, stream):
    model = learned(name, stream[0])
    model.begin_task(stream[1].classes)
    with pytest.raises(
        ValueError,
        match=r"labels: got class 0, which is not of this task; it must be of the classes \[5, 6, ",
    ):
        model.fit(stream[0].train, batch_size=32, verbose=0)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [("lwf", "temperature", 0), ("icarl", "temperature", -1), ("lwf", "distillation_weight", -1)],
)
def test_bad_settings_are_refused(name, field, value):
    with pytest.raises(ValueError, match=f"{field}: got {value}; it must be"):
        make(name, **{field: value})


@pytest.mark.parametrize("name", FAMILY)
def test_accuracy_has_no_untrained_baseline_where_no_task_is_no_answer(name, stream):
    model = learned(name, stream[0])
    right = model.classify(stream.test.images).argmax(axis=1) == stream.test.labels
    record = sslzoo.evaluate.accuracy(model, stream.test)
    assert record["accuracy"] == right.mean() and record["baselines"] == {}


@pytest.mark.parametrize("form", ["pair", "dict", "floats", "larger"])
def test_exemplars_are_chosen_from_any_form_of_data(form):
    digits = data.load("digits", split="train")
    images, labels = digits.images[:50], digits.labels[:50]
    given = {
        "pair": (images, labels),
        "dict": {"images": images, "labels": labels},
        "floats": (images / 255.0, labels),
        "larger": (np.kron(images, np.ones((1, 2, 2), "uint8")), labels),
    }[form]
    model = make("replay", exemplars=10)
    model.begin_task(range(10))
    model.end_task(given)
    memory, kept = model.exemplars.arrays()
    assert kept.tolist() == list(range(10)) and memory.dtype == "uint8"
    for image, label in zip(memory[..., 0].astype(int), kept, strict=True):
        own = images[labels == label]
        nearest = np.abs(image - own[model.choose(own, 1)[0]]).mean()
        assert nearest < 30 if form == "larger" else nearest == 0  # shrinking again blurs


def test_exemplars_cannot_join_a_stream(stream):
    model = learned("replay", stream[0])
    model.begin_task(stream[1].classes)
    with pytest.raises(ValueError, match="data: got a Batches; it must be a Dataset, .*exemplars"):
        model.fit(data.Batches(stream[1].train, 32), verbose=0)


@pytest.mark.parametrize("name", ["replay", "icarl"])
def test_a_memory_takes_all_classes_of_the_open_task_and_no_other(name, stream):
    """Before the training, not after it; nothing changes."""
    model, second = learned(name, stream[0]), stream[1].train
    model.begin_task(stream[1].classes)
    for verb in (lambda given: model.fit(given, verbose=0), model.end_task):
        with pytest.raises(ValueError, match="labels: got class 0, which is not of this task"):
            verb(stream[0].train)
        with pytest.raises(
            ValueError,
            match=r"labels: got none of class 7; it must be of all classes of the task, \[5, 6, ",
        ):
            verb(second.take(second.labels != 7))
    assert model.task_is_open and not (model.exemplars.arrays()[1] >= 5).any()


@pytest.mark.parametrize("name", FAMILY)
def test_every_form_of_data_trains_the_second_task(name, stream):
    model = learned(name, stream[0])
    model.begin_task(stream[1].classes)
    images, labels = stream[1].train.images, stream[1].train.labels
    steps = [
        len(model.fit(*given, batch_size=64, verbose=0).history["loss"])
        and int(ops.convert_to_numpy(model.optimizer.iterations))
        for given in (
            (stream[1].train,),
            ((images, labels),),
            (images, labels),
            ({"images": images, "labels": labels},),
        )
    ]
    assert len(set(np.diff(steps))) == 1


def test_a_task_that_is_open_is_gone_on_with(stream, tmp_path):
    """After data that were refused, and after an interruption before the first checkpoint of its
    own.
    """
    model, task = make("naive"), stream[0]
    with pytest.raises(ValueError, match="labels: got class 5, which is not of this task"):
        model.learn_task(task.classes, stream[1].train, verbose=0)
    with pytest.raises(ValueError, match="begin_task: task 0 is still open"):
        model.learn_task([0, 1], task.train, verbose=0)

    class Interrupt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                raise KeyboardInterrupt

    settings = {"checkpoint": tmp_path / "task.npz", "batch_size": 32, "verbose": 0}
    with pytest.raises(KeyboardInterrupt):
        model.learn_task(task.classes, task.train, callbacks=[Interrupt()], **settings)
    steps = model.learn_task(task.classes, task.train, **settings)
    whole = make("naive")
    assert whole.learn_task(task.classes, task.train, batch_size=32, verbose=0) == steps
    for mine, theirs in zip(state(model), state(whole), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    with pytest.raises(
        ValueError,
        match=r"task.npz: its task has classes \[0, 1, 2, 3, 4\], this one \[5, 6, 7, 8, 9\]",
    ):
        make("naive").learn_task(stream[1].classes, stream[1].train, **settings)


@pytest.fixture(scope="module")
def killed_runs(tmp_path_factory):
    """Folder with the end states of killed_runs.py."""
    folder = tmp_path_factory.mktemp("killed_runs")
    script = Path(__file__).with_name("killed_runs.py")
    package = Path(sslzoo.__file__).parents[1]
    paths = os.pathsep.join(filter(None, [str(package), os.environ.get("PYTHONPATH")]))
    run = subprocess.run(
        [sys.executable, script, folder],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("end", ["killed", "interrupted"])
def test_a_sequence_goes_on_bit_for_bit(end, killed_runs):
    """Memory, head, old network, optimizer and figures: after kill -9 inside a task and twice
    between two, and after an interruption in a living process.
    """
    whole, resumed = (read(killed_runs / f"{name}.npz") for name in ("whole", end))
    assert whole.keys() == resumed.keys()
    for name, value in whole.items():
        np.testing.assert_array_equal(resumed[name], value, err_msg=name)
    records = [json.loads((killed_runs / f"{name}.json").read_text()) for name in ("whole", end)]
    assert {**records[0], "seconds": 0} == {**records[1], "seconds": 0}
