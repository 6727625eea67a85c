"""The record of an evaluation: the figure, how sure it is, and everything needed to measure it
again.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import refused
from sslzoo.evaluate import protocols
from sslzoo.evaluate.encoders import baseline_encoders
from sslzoo.evaluate.figures import Record
from sslzoo.evaluate.splits import Split, reads_of

Z95 = 1.959964  # standard deviations of the normal distribution: the 97.5 % quantile


def measured(
    protocol: str,
    measure: Callable[[Any], tuple[dict, dict]],
    model: Any,
    splits: dict[str, Split],
    settings: dict,
    baselines: bool = True,
) -> dict:
    """Runs a protocol on the model and, if asked, on its two baselines.

    Args:
        protocol: Name of the protocol.
        measure: encoder -> (figures, details). The first figure is the one that baselines have too,
            and the other headlines of the protocol, as "<baseline>_<figure>".
        model: what is evaluated, or None.
        splits: {role: data} that the record speaks of.
        settings: Settings of the protocol. `details` are added to them.

    Returns:
        A `Record`: {"protocol", **figures, "settings", "baselines", "seconds"}, plain JSON. Seconds
        are of the model alone. The setting "raw_pixels_size" is the [height, width] whose pixels
        were the baseline.

    >>> test = Split(np.eye(2), np.array([0, 1]), "vectors")
    >>> record = measured("mine", lambda encoder: ({"sum": 2.0}, {}), None, {"test": test}, {})
    >>> record["sum"], record["settings"]["n_test"], record["baselines"]
    (2.0, 2, {})
    """
    start = time.perf_counter()
    figures, details = measure(model)
    seconds = time.perf_counter() - start
    field = next(iter(splits.values())).field
    encoders = baseline_encoders(model, field) if baselines else {}
    found = {}
    for name, encoder in encoders.items():
        own = measure(encoder)[0]
        first, *others = _headlines(protocol, own)
        found[name] = own[first]
        found |= {f"{name}_{figure}": own[figure] for figure in others}
    size = getattr(encoders.get("raw_pixels"), "size", None)
    if size:
        details = {**details, "raw_pixels_size": size}
    return Record(
        protocol=protocol,
        **figures,
        settings={**describe(model, **splits), **settings, **details},
        baselines=found,
        seconds=round(seconds, 3),
    )


def _headlines(protocol, figures):
    """The first figure, and the others that tables show."""
    first, *others = figures
    known = protocols.headlines(protocol) if protocol in protocols.names() else []
    return [first, *(name for name in others if name in [path for path, _, _ in known])]


def evaluate_with_baselines(
    protocol: str,
    predict: Callable[[Any], tuple[NDArray, dict]],
    model: Any,
    train: Split,
    test: Split,
    settings: dict,
    baselines: bool = True,
) -> dict:
    """`measured` of a classifier: `predict(encoder) -> (labels (n_test,), details)`.

    Its figures are those of `accuracy_figures`.

    >>> test = Split(np.eye(2), np.array([0, 1]), "vectors")
    >>> zeros = lambda encoder: (np.zeros(2, int), {"tries": 1})
    >>> record = evaluate_with_baselines("mine", zeros, None, test, test, {})
    >>> record["accuracy"], record["settings"]["tries"]
    (0.5, 1)
    """

    def measure(encoder):
        predictions, details = predict(encoder)
        return accuracy_figures(predictions, test), details

    splits = {"train": train, "test": test}
    return measured(protocol, measure, model, splits, settings, baselines)


def accuracy_figures(predictions: NDArray, test: Split) -> dict:
    """{"accuracy", "confidence_95", "per_class"} of predicted labels (n_test,): fractions in
    [0, 1].

    >>> test = Split(np.eye(2), np.array([0, 1]), "vectors", classes=["cat", "dog"])
    >>> accuracy_figures(np.array([0, 0]), test)["per_class"]
    {'cat': 1.0, 'dog': 0.0}
    """
    right, classes = predictions == test.labels, np.unique(test.labels)
    per_class = {_name(test, c): float(right[test.labels == c].mean()) for c in classes}
    return {
        "accuracy": float(right.mean()),
        "confidence_95": wilson(int(right.sum()), len(right)),
        "per_class": per_class,
    }


def wilson(successes: int, trials: int) -> list[float]:
    """[low, high] of the binomial 95 % interval of Wilson 1927; unlike p +- 2 s it holds near 0 and
    1.

    >>> [round(limit, 2) for limit in wilson(8, 10)]
    [0.49, 0.94]
    """
    from scipy.stats import binomtest

    interval = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    return [float(interval.low), float(interval.high)]


def answers(name: str, values: Any, count: int) -> NDArray[np.float64]:
    """What a model says of each item, one finite number (N,), as float64.

    Raises:
        ValueError: another shape, NaN or infinity, which would make every figure nonsense.

    >>> answers("forecasts", [0.5, 1.5], 2)
    array([0.5, 1.5])
    >>> answers("forecasts", [0.5, np.nan], 2)
    Traceback (most recent call last):
    ValueError: forecasts: got non-finite values for 1 of 2 items; it must be finite.
    """
    values = np.asarray(values, "float64")
    if values.shape != (count,):
        raise refused(name, f"shape {values.shape}", f"be ({count},), one number per item")
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise refused(name, f"non-finite values for {bad} of {count} items", "be finite")
    return values


def normal_interval(values: Any, z: float = Z95) -> list[float]:
    """[low, high] of the 95 % interval of a mean, mean +- z s / sqrt(n), s with n - 1; of one
    value, that value twice.

    >>> normal_interval([0.5])
    [0.5, 0.5]
    """
    values = np.asarray(values, "float64")
    mean, half = values.mean(), 0.0
    if len(values) > 1:
        half = z * values.std(ddof=1) / np.sqrt(len(values))
    return [float(mean - half), float(mean + half)]


def describe(model: Any, layer: str = "backbone", **splits: Any) -> dict:
    """The settings that every record has: the layer that was judged, the data, the preprocessing;
    of a model that was fine-tuned, the share of its parameters that learned.

    Args:
        model: what it reads describes how items enter the network.
        layer: "backbone" or "classifier".
        splits: the data by role: a `Split` or a `sslzoo.data.Dataset`.

    >>> test = Split(np.zeros((2, 24, 6)), np.array([0, 1]), "series", "air", "test")
    >>> describe(None, test=test)["item_shape"]
    [24, 6]
    """
    settings = {"layer": "given features" if model is None else layer}
    share = getattr(model, "learned_share", None)
    if share is not None:
        settings["learned_share"] = round(share, 6)
    for role, split in splits.items():
        settings |= {f"{role}_name": split.name, f"{role}_split": split.split}
    settings |= {f"n_{role}": len(split) for role, split in splits.items()}
    first, reads = next(iter(splits.values())), reads_of(model)
    return settings | {
        "items": first.field,
        "item_shape": _shape(first.inputs),
        "preprocessing": {} if reads is None else _plain(reads.describe()),
    }


def _shape(items):
    """Of one item: a list, or of graphs a dict of them."""
    if isinstance(items, dict):
        return {key: _shape(values) for key, values in items.items()}
    return [int(side) for side in items.shape[1:]]


def _plain(settings):
    """Tuples as lists, as JSON has them."""
    return {key: list(v) if isinstance(v, tuple) else v for key, v in settings.items()}


def _name(test, label):
    named = test.classes is not None and 0 <= label < len(test.classes)
    return str(test.classes[label]) if named else str(label)
