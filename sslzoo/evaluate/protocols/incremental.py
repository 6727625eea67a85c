"""Tasks in sequence. A model learns them one by one, and is tested on all of them after each."""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import PositiveInt

from sslzoo.checks import local_path, refused, whole
from sslzoo.data import TaskStream
from sslzoo.evaluate import accuracy_matrix
from sslzoo.evaluate.accuracy_matrix import SCENARIOS, accuracies
from sslzoo.evaluate.figures import Record
from sslzoo.evaluate.overlap import warn_of_overlap
from sslzoo.evaluate.record import accuracy_figures, describe
from sslzoo.evaluate.splits import labeled_split, needs
from sslzoo.files import make_folder, read_own, replace_file

HEADLINES = [
    ("accuracy", "%", "class-incremental accuracy after all tasks"),
    ("task.average_accuracy", "%", "task-incremental accuracy after all tasks"),
]
DATA = "tasks"


def incremental(
    model: Any,
    stream: TaskStream,
    epochs: PositiveInt = 1,
    batch_size: PositiveInt = 128,
    joint: bool = False,
    checkpoint: str | Path | None = None,
    checkpoint_every: PositiveInt = 200,
    callbacks: Iterable = (),
    verbose: Any = 0,
) -> dict:
    """Train a method of the family `incremental` on a stream of tasks, and measure its accuracy on
    all tasks.

    Args:
        model: compiled and untrained: `.learn_task(classes, train, ...)` and `.scores(items) -> (N,
            C)`. Its head must have at least as many classes as the stream.
        stream: A `sslzoo.data.TaskStream`.
        epochs, batch_size: Epochs and batch size for each task.
        joint: Whether to learn all tasks at once, which gives the upper bound. The test is the
            same.
        checkpoint: A folder for checkpoints. If training is interrupted, the same call again
            continues exactly, also with a new model in a new process. After the end it returns the
            record and the trained weights.
        checkpoint_every: Steps between two checkpoints inside a task.
        callbacks, verbose: As for `fit`.

    Returns:
        {"protocol", "accuracy", "confidence_95", "per_class", "class", "task", "settings",
        "baselines", "seconds"}, plain JSON. "accuracy" is over all test items, every class
        competing. "class" and "task", the two scenarios, hold "matrix", "average_accuracy",
        "curve", "forgetting", "backward_transfer", "forward_transfer", with None for what is not
        defined: see `sslzoo.evaluate.accuracy_matrix`. "seconds" are those of this call.

    Raises:
        ValueError: a checkpoint folder of another run; a stream with more classes than the model's
            head; a model that does not learn tasks; data of another kind than it reads.

    >>> import sslzoo
    >>> train, test = (sslzoo.data.load("digits", split) for split in ("train", "test"))
    >>> model = sslzoo.build("naive", "mlp", 8, classes=10)
    >>> record = sslzoo.evaluate.incremental(model, sslzoo.data.TaskStream(train, test, tasks=2))
    >>> len(record["class"]["matrix"])
    2
    """
    start = time.perf_counter()
    _check(model, stream, epochs, batch_size)
    test = labeled_split(model, stream.test, "test", "incremental")
    warn_of_overlap(stream.train.inputs, test.inputs, test.field)
    tasks = [task.classes for task in stream]
    settings = _settings(stream, epochs, batch_size, joint)
    rows = _Rows(checkpoint, settings | {"method": type(model).__name__})
    fit = {"epochs": epochs, "batch_size": batch_size, "callbacks": callbacks, "verbose": verbose}
    fit |= {"checkpoint_every": checkpoint_every}
    seen, steps = [], []
    if not rows.rows:  # the model untrained
        rows.append(accuracies(model.scores(test.inputs), test.labels, tasks, seen))
    for index, (classes, train) in enumerate(_plan(stream, joint)):
        path = None if checkpoint is None else Path(checkpoint) / f"task{index}.npz"
        steps.append(model.learn_task(classes, train, checkpoint=path, **fit))
        seen = seen + classes
        if index + 1 == len(rows.rows):
            rows.append(accuracies(model.scores(test.inputs), test.labels, tasks, seen))
    predictions = accuracy_matrix.predict(model.scores(test.inputs), seen)
    data = {"train": stream.train, "test": stream.test}
    return Record(
        protocol="incremental",
        **accuracy_figures(predictions, test),
        **{name: _scenario([row[name] for row in rows.rows]) for name in SCENARIOS},
        settings={**describe(model, "classifier", **data), **settings, "steps": steps},
        baselines={},
        seconds=round(time.perf_counter() - start, 3),
    )


def _check(model, stream, epochs, batch_size):
    whole("epochs", epochs, 1)
    whole("batch_size", batch_size, 1)
    needs(model, "incremental", "learn_task", "scores")
    if len(stream.classes) > model.classes:
        got = f"{len(stream.classes)} classes"
        raise refused("stream", got, f"have at most {model.classes}, which this model's head has")


def _plan(stream, joint):
    """[(classes, data)] of what is learned, one after the other."""
    if joint:
        return [(sum((task.classes for task in stream), []), stream.train)]
    return [(task.classes, task.train) for task in stream]


def _settings(stream, epochs, batch_size, joint):
    import keras

    return {
        "tasks": [task.names for task in stream],
        "order": stream.order,
        "joint": joint,
        "epochs": epochs,
        "batch_size": batch_size,
        "n_train": len(stream.train),
        "n_test": len(stream.test),
        "backend": keras.backend.backend(),
    }


def _scenario(rows):
    """The figures of one scenario; its first row is of the untrained model."""
    untrained, *matrix = (np.array(row, "float64") for row in rows)
    figures = {
        "average_accuracy": accuracy_matrix.average_accuracy(matrix),
        "forgetting": accuracy_matrix.forgetting(matrix),
        "backward_transfer": accuracy_matrix.backward_transfer(matrix),
        "forward_transfer": accuracy_matrix.forward_transfer(matrix, untrained),
    }
    curve = accuracy_matrix.curve(matrix) if len(matrix) > 1 else [figures["average_accuracy"]]
    plain = {name: _plain(value) for name, value in figures.items()}
    return {"matrix": _plain(matrix), "curve": curve, **plain}


def _plain(value):
    """NaN, which JSON has not, as None."""
    if isinstance(value, list | np.ndarray):
        return [_plain(item) for item in value]
    return None if np.isnan(value) else float(value)


class _Rows:
    """The rows measured so far, and in a checkpoint folder the file of them, which belongs to one
    run.
    """

    def __init__(self, folder: str | Path | None, run: dict) -> None:
        self.path = None if folder is None else local_path("checkpoint", folder) / "rows.json"
        self.run, self.rows = run, []
        if self.path and self.path.exists():
            self.rows = self._read()

    def append(self, row: dict) -> None:
        self.rows.append(row)
        if self.path:
            make_folder(self.path.parent)
            rows = [{name: _plain(values) for name, values in row.items()} for row in self.rows]
            replace_file(self.path, json.dumps({"run": self.run, "rows": rows}).encode())

    def _read(self):
        run, rows = read_own(self.path, self._saved, "table of accuracies")
        for key, value in self.run.items():
            if run[key] != value:
                raise ValueError(
                    f"{self.path}: its run has {key} {run[key]!r}, this one {value!r}; use another "
                    "folder."
                )
        return rows

    def _saved(self):
        saved = json.loads(self.path.read_text())
        run = {key: saved["run"][key] for key in self.run}
        rows = [{name: _with_nan(row[name]) for name in SCENARIOS} for row in saved["rows"]]
        for row in rows:
            np.asarray([row[name] for name in SCENARIOS], "float64")
        return run, rows


def _with_nan(values):
    return [np.nan if value is None else value for value in values]
