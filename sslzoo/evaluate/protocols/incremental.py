"""Tasks in sequence: a model learns them one by one and is tested on all of them after each."""

import json
import os
import time
from pathlib import Path

import keras
import numpy as np

from sslzoo.evaluate import accuracy_matrix
from sslzoo.evaluate.accuracy_matrix import SCENARIOS, accuracies
from sslzoo.evaluate.record import describe, figures


def incremental(
    model,
    stream,
    epochs=1,
    batch_size=128,
    joint=False,
    checkpoint=None,
    checkpoint_every=200,
    callbacks=(),
    verbose=0,
):
    """Train a method of the family `incremental` on a stream of tasks; the accuracy matrix and the
    figures made of it.

    Args:
        model: compiled and untrained: `.learn(classes, train, ...)` and `.scores(images) -> (N,
            C)`. Its head must have at least as many classes as the stream.
        stream: a `sslzoo.data.TaskStream`.
        epochs, batch_size: of each task.
        joint: learn all tasks at once, as one: the upper bound. The test is the same.
        checkpoint: a folder. The same call again goes on in it where this one was interrupted,
            inside a task or between two, bit for bit, also with a new model in a new process; after
            the end it gives the record and the trained model.
        checkpoint_every: steps between two checkpoints inside a task.
        callbacks, verbose: as for `fit`.

    Returns:
        {"protocol", "accuracy", "confidence_95", "per_class", "class", "task", "settings",
        "baselines", "seconds"}, plain JSON. "accuracy" is over all test images, every class
        competing. "class" and "task", the two scenarios, hold "matrix", "average_accuracy",
        "curve", "forgetting", "backward_transfer", "forward_transfer", with None for what is
        not defined: see `sslzoo.evaluate.accuracy_matrix`. "seconds" are those of this call.

    Raises:
        ValueError: a checkpoint folder of another run; a stream with more classes than the model's
        head.
    """
    start = time.perf_counter()
    if len(stream.classes) > model.classes:
        raise ValueError(
            f"stream: has {len(stream.classes)} classes; the head of this model has "
            f"{model.classes}."
        )
    tasks = [task.classes for task in stream]
    plan = (
        [(sum(tasks, []), stream.train)]
        if joint
        else [(task.classes, task.train) for task in stream]
    )
    settings = _settings(stream, epochs, batch_size, joint)
    rows = _Rows(checkpoint, settings | {"method": type(model).__name__})
    seen, steps = [], []
    # the model untrained, then after each task
    for index, (classes, train) in enumerate([([], None), *plan]):
        if index:
            path = None if checkpoint is None else Path(checkpoint) / f"task{index - 1}.npz"
            fit = {
                "epochs": epochs,
                "batch_size": batch_size,
                "callbacks": callbacks,
                "verbose": verbose,
            }
            steps.append(
                model.learn(
                    classes, train, checkpoint=path, checkpoint_every=checkpoint_every, **fit
                )
            )
        seen = seen + classes
        if index == len(rows.rows):
            rows.append(
                accuracies(model.scores(stream.test.images), stream.test.labels, tasks, seen)
            )
    predictions = accuracy_matrix.predict(model.scores(stream.test.images), seen)
    return {
        "protocol": "incremental",
        **figures(predictions, stream.test),
        **{name: _figures([row[name] for row in rows.rows]) for name in SCENARIOS},
        "settings": {
            **describe(model, "classifier", train=stream.train, test=stream.test),
            **settings,
            "steps": steps,
        },
        "baselines": {},
        "seconds": round(time.perf_counter() - start, 3),
    }


def _settings(stream, epochs, batch_size, joint):
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


def _figures(rows):
    untrained, *matrix = (np.array(row, "float64") for row in rows)
    figures = {
        "average_accuracy": accuracy_matrix.average_accuracy(matrix),
        "forgetting": accuracy_matrix.forgetting(matrix),
        "backward_transfer": accuracy_matrix.backward_transfer(matrix),
        "forward_transfer": accuracy_matrix.forward_transfer(matrix, untrained),
    }
    curve = accuracy_matrix.curve(matrix) if len(matrix) > 1 else [figures["average_accuracy"]]
    return {"matrix": _plain(matrix), "curve": curve} | {
        name: _plain(value) for name, value in figures.items()
    }


def _plain(value):
    """NaN, which JSON has not, as None."""
    if isinstance(value, (list, np.ndarray)):
        return [_plain(item) for item in value]
    return None if np.isnan(value) else float(value)


class _Rows:
    """The rows measured so far, and in a checkpoint folder the file of them, which belongs to one
    run.
    """

    def __init__(self, folder, run):
        self.path = None if folder is None else Path(folder) / "rows.json"
        self.run, self.rows = run, []
        if self.path and self.path.exists():
            saved = json.loads(self.path.read_text())
            for key, value in run.items():
                if saved["run"][key] != value:
                    raise ValueError(
                        f"{self.path}: its run has {key} {saved['run'][key]!r}, this one "
                        f"{value!r}; use another folder."
                    )
            self.rows = [
                {name: [np.nan if v is None else v for v in row[name]] for name in SCENARIOS}
                for row in saved["rows"]
            ]

    def append(self, row):
        self.rows.append(row)
        if self.path:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part = self.path.with_suffix(".part")
            part.write_text(
                json.dumps(
                    {
                        "run": self.run,
                        "rows": [{k: _plain(v) for k, v in row.items()} for row in self.rows],
                    }
                )
            )
            os.replace(part, self.path)
