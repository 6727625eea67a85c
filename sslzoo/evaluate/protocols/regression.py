"""Regression: how far are the forecasts of a model from the targets?"""

import time
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import NonNegativeInt, PositiveInt

from sslzoo.checks import check_targets, refused, whole
from sslzoo.data import Dataset
from sslzoo.evaluate.record import describe
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
        batch_size: items a chunk.
        baselines: measure "train_mean", the mean of the training targets, and "last_value".

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
    train, _, known = _with_targets(model, train, "train")
    test, items, targets = _with_targets(model, test, "test")
    others = {"train_mean": np.full(len(targets), known.mean())} if baselines else {}
    if last_value is not None:
        others |= {"last_value": _last(items, last_value)} if baselines else {}

    start = time.perf_counter()
    forecasts = np.asarray(model.forecast(items, batch_size=batch_size), "float64")
    seconds = time.perf_counter() - start
    found = {}
    for name, values in others.items():
        own = errors(values, targets)
        found |= {name: own["rmse"], f"{name}_mae": own["mae"]}
    return {
        "protocol": "regression",
        **errors(forecasts, targets),
        "settings": {
            **describe(model, "forecast", train=train, test=test),
            "last_value": None if last_value is None else whole("last_value", last_value, 0),
            "target_mean": float(targets.mean()),
            "target_std": float(targets.std()),
        },
        "baselines": found,
        "seconds": round(seconds, 3),
    }


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


def _with_targets(model: Any, data: Any, role: str) -> tuple[Dataset, Any, NDArray]:
    """(Dataset, items as the model takes them, targets (N,) in float64)."""
    field, items = items_of(model, data, role)
    targets = data[1] if isinstance(data, tuple) else data.fields.get("targets")
    if targets is None:
        raise refused(role, "no targets", "have targets (N,), which regression needs")
    targets = check_targets(targets, count(items), 1, f"{role} targets").reshape(-1)
    if isinstance(data, tuple):
        parts = items if isinstance(items, dict) else {field: items}
        data = Dataset(**parts, targets=targets)
    return data, items, targets.astype("float64")


def _last(series: NDArray, feature: int) -> NDArray:
    """The last value of a feature of each series."""
    if getattr(series, "ndim", 0) != 3 or feature >= series.shape[2]:
        got = f"{feature} of {getattr(series, 'shape', 'graphs')}"
        raise refused("last_value", got, "be a feature of series (N, T, F)")
    return series[:, -1, feature]
