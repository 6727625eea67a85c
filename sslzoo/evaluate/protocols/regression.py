"""Regression: errors of forecasts."""

import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import NonNegativeInt, PositiveInt

from sslzoo.checks import check_targets, refused, whole
from sslzoo.data import Dataset
from sslzoo.evaluate.figures import Record
from sslzoo.evaluate.overlap import warn_of_overlap
from sslzoo.evaluate.record import answers, describe
from sslzoo.evaluate.splits import count, items_of, needs

HEADLINES = [
    ("rmse", "", "RMSE, {test_name}"),
    ("mae", "", "MAE, {test_name}"),
]


def regression(
    model: Any,
    train: Dataset | tuple,
    test: Dataset | tuple,
    last_value: NonNegativeInt | None = None,
    batch_size: PositiveInt = 256,
    baselines: bool = True,
    dry_run: bool = False,
) -> dict:
    """Root mean squared error and mean absolute error of forecasts over a whole split.

    RMSE = sqrt(mean (forecast - target)^2), once over all rows. AdaRNN's official code averages the
    root over batches of 36, which is less: its figures depend on the batches.

    Args:
        model: has `forecast(items, batch_size=)` -> (N,).
        train, test: a `Dataset` with `targets` (N,), or (items, targets). `train` serves the
            baselines alone.
        last_value: the feature of the series whose last value is a forecast of its own, in the unit
            of the targets. None: no such baseline.
        batch_size: Items to process at once.
        baselines: measure "train_mean", the mean of the training targets, and "last_value".
        dry_run: Check the arguments, measure nothing, and return {}.

    Returns:
        {"protocol", "rmse", "mae", "settings", "baselines": {name: RMSE, name_mae: MAE}, "seconds"
        (of the model alone)}, plain JSON, in the unit of the targets.

    Raises:
        ValueError: a model without `forecast`, data without targets, targets of several columns, a
            feature that there is not.

    >>> from types import SimpleNamespace
    >>> model = SimpleNamespace(forecast=lambda x, batch_size: x[:, -1, 0])
    >>> series = np.array([[[0.0], [3.0]], [[0.0], [4.0]]])
    >>> data = Dataset(series=series, targets=[3.0, 6.0])
    >>> record = regression(model, data, data)
    >>> round(record["rmse"], 3), record["mae"], record["baselines"]["train_mean"]
    (1.414, 1.0, 1.5)
    """
    needs(model, "regression", "forecast")
    whole("batch_size", batch_size, 1)
    train = _with_targets(model, train, "train")
    test = _with_targets(model, test, "test")
    warn_of_overlap(train.items, test.items, test.data.field)
    targets = test.targets
    others = {"train_mean": np.full(len(targets), train.targets.mean())}
    if last_value is not None:
        others["last_value"] = _last(test.items, last_value)
    if dry_run:
        return {}

    start = time.perf_counter()
    forecasts = model.forecast(test.items, batch_size=batch_size)
    forecasts = answers("forecasts", forecasts, len(targets))
    seconds = time.perf_counter() - start
    found = {}
    for name, values in others.items() if baselines else ():
        own = errors(values, targets)
        found |= {name: own["rmse"], f"{name}_mae": own["mae"]}
    return Record(
        protocol="regression",
        **errors(forecasts, targets),
        settings={
            **describe(model, "forecast", train=train.data, test=test.data),
            "last_value": last_value,
            "target_mean": float(targets.mean()),
            "target_std": float(targets.std()),
        },
        baselines=found,
        seconds=round(seconds, 3),
    )


def errors(forecasts: ArrayLike, targets: ArrayLike) -> dict[str, float]:
    """{"rmse", "mae"} of forecasts (N,) and targets (N,), in their unit, over all rows at once.

    >>> errors([0.0, 0.0], [3.0, 4.0])["mae"]
    3.5
    """
    difference = np.asarray(forecasts, "float64") - np.asarray(targets, "float64")
    return {
        "rmse": float(np.sqrt(np.mean(np.square(difference)))),
        "mae": float(np.mean(np.abs(difference))),
    }


class _Rows(NamedTuple):
    """Items with targets: where they came from, items as the model takes them, targets (N,) in
    float64.
    """

    data: Dataset
    items: Any
    targets: NDArray


def _with_targets(model: Any, data: Any, role: str) -> _Rows:
    field, items = items_of(model, data, role)
    targets = data[1] if isinstance(data, tuple) else data.fields.get("targets")
    if targets is None:
        raise refused(role, "no targets", "have targets (N,), which regression needs")
    targets = check_targets(targets, count(items), 1, f"{role} targets").reshape(-1)
    if isinstance(data, tuple):
        parts = items if isinstance(items, dict) else {field: items}
        data = Dataset(**parts, targets=targets)
    return _Rows(data, items, targets.astype("float64"))


def _last(series: NDArray, feature: int) -> NDArray:
    """The last value of a feature of each series."""
    if getattr(series, "ndim", 0) != 3:
        raise refused("last_value", feature, "be left out where items are no series (N, T, F)")
    return series[:, -1, whole("last_value", feature, 0, series.shape[2] - 1)]
