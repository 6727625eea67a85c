"""Accuracy of a classifier."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt

from sslzoo.checks import refused, whole
from sslzoo.evaluate.figures import Record
from sslzoo.evaluate.record import accuracy_figures, describe
from sslzoo.evaluate.splits import Labeled, Split, labeled_split, needs

HEADLINES = [("accuracy", "%", "accuracy")]


def accuracy(
    model: Any,
    test: Labeled,
    batch_size: PositiveInt = 256,
    baselines: bool = True,
    dry_run: bool = False,
) -> dict:
    """Top-1 accuracy of `model.classify` on labeled items.

    Args:
        model: An object with `.classify(items, batch_size)`, which returns scores (N, C).
        test: `sslzoo.data.Dataset` or (items, labels).
        batch_size: Items to process at once.
        baselines: Whether to also measure "untrained", the same network before training. A learner
            of tasks in sequence has no such baseline.
        dry_run: Check the arguments, measure nothing, and return {}.

    Returns:
        The record of `sslzoo.evaluate.record`.

    Raises:
        ValueError: There are no labels or no items, the model does not read the data, or it does
            not classify.

    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> model = SimpleNamespace(classify=lambda items, batch_size: items)
    >>> accuracy(model, (np.eye(2), [0, 1]))["accuracy"]
    1.0
    """
    whole("batch_size", batch_size, 1)
    needs(model, "accuracy", "classify")
    test = labeled_split(model, test, "test", "accuracy")
    _check_classes(model, test)
    if dry_run:
        return {}
    start = time.perf_counter()
    figures = accuracy_figures(classes_of(model, test, batch_size), test)
    seconds = time.perf_counter() - start
    return Record(
        protocol="accuracy",
        **figures,
        settings=describe(model, "classifier", test=test),
        baselines=_untrained(model, test, batch_size) if baselines else {},
        seconds=round(seconds, 3),
    )


def classes_of(model: Any, test: Split, batch_size: int = 256) -> NDArray:
    """The class (N,) that a classifier answers for each item.

    >>> from types import SimpleNamespace
    >>> model = SimpleNamespace(classify=lambda items, batch_size: items)
    >>> classes_of(model, Split(np.eye(3), np.zeros(3), "vectors")).tolist()
    [0, 1, 2]
    """
    scores = np.asarray(model.classify(test.inputs, batch_size=batch_size))
    if scores.ndim != 2 or len(scores) != len(test):
        raise refused("scores", f"shape {scores.shape}", f"be ({len(test)}, C), a row per item")
    bad = int(np.isnan(scores).any(axis=1).sum())
    if bad:
        raise refused("scores", f"NaN for {bad} of {len(test)} items", "be numbers")
    return scores.argmax(axis=1)


def _check_classes(model, test):
    """Refuse labels that the model cannot answer: they would count as mistakes."""
    classes, most = getattr(model, "classes", None), test.labels.max()
    if isinstance(classes, int) and most >= classes:
        needed = f"be below {classes}, the number of classes of this model"
        raise refused("test labels", f"{most}", needed)


def _untrained(model, test, batch_size):
    if not hasattr(model, "untrained") or getattr(model, "learns_tasks", False):
        return {}
    right = classes_of(model.untrained(), test, batch_size) == test.labels
    return {"untrained": float(right.mean())}
