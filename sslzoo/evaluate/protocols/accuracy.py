"""Accuracy: how often is a classifier right?"""

import time
from typing import Any

from numpy.typing import NDArray
from pydantic import PositiveInt

from sslzoo.checks import whole
from sslzoo.evaluate.record import accuracy_figures, describe
from sslzoo.evaluate.splits import Labelled, Split, labelled_split, needs

HEADLINES = [("accuracy", "%", "accuracy")]


def accuracy(
    model: Any, test: Labelled, batch_size: PositiveInt = 256, baselines: bool = True
) -> dict:
    """Top-1 accuracy of `model.classify` on labelled items.

    Args:
        model: anything with `.classify(items, batch_size) -> (N, C)`, scores of the classes 0..C-1.
        test: `sslzoo.data.Dataset` or (items, labels).
        batch_size: items a chunk.
        baselines: measure "untrained" too, the same network before training. A learner of tasks in
            sequence has none: before its first task it answers no class.

    Returns:
        The record of `sslzoo.evaluate.record`.

    Raises:
        ValueError: no labels, nothing to evaluate, data of another kind than the model reads, a
            model that does not classify.

    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> model = SimpleNamespace(classify=lambda items, batch_size: items)
    >>> accuracy(model, (np.eye(2), [0, 1]))["accuracy"]
    1.0
    """
    whole("batch_size", batch_size, 1)
    needs(model, "accuracy", "classify")
    test = labelled_split(model, test, "test", "accuracy")
    start = time.perf_counter()
    figures = accuracy_figures(classes_of(model, test, batch_size), test)
    seconds = time.perf_counter() - start
    return {
        "protocol": "accuracy",
        **figures,
        "settings": describe(model, "classifier", test=test),
        "baselines": _untrained(model, test, batch_size) if baselines else {},
        "seconds": round(seconds, 3),
    }


def classes_of(model: Any, test: Split, batch_size: int = 256) -> NDArray:
    """The class (N,) that a classifier answers for each item.

    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> model = SimpleNamespace(classify=lambda items, batch_size: items)
    >>> classes_of(model, Split(np.eye(3), np.zeros(3), "vectors")).tolist()
    [0, 1, 2]
    """
    return model.classify(test.inputs, batch_size=batch_size).argmax(axis=1)


def _untrained(model, test, batch_size):
    if not hasattr(model, "untrained"):
        return {}
    untrained = model.untrained()
    if getattr(untrained, "tasks_learned", None) == 0:
        return {}
    right = classes_of(untrained, test, batch_size) == test.labels
    return {"untrained": float(right.mean())}
