"""What stands beside the items of a batch: labels, targets, domains, row numbers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks.arguments import refused
from sslzoo.checks.arrays import extent, finite, numbers

# Labels are class numbers. Tables of counts have a place for each, so that identifiers such as
# 10^12 are refused.
CLASSES = 2**24
ROWS = 2**31  # JAX holds int32
NUMBERED = "np.unique(labels, return_inverse=True)[1] numbers names and identifiers"


def check_labels(
    labels: ArrayLike | None,
    n: int | None,
    classes: int | Sequence | None = None,
    name: str = "labels",
) -> NDArray[np.int64]:
    """Class numbers of `n` rows, of any number if that is None, as int64 (n,).

    Args:
        labels: integers (n,) or (n, 1), at least 0.
        classes: the number of classes, a list of their names, or None.

    Raises:
        TypeError: no array of numbers. ValueError: none, another shape, floats, out of range,
            larger than int64 holds.

    >>> check_labels([0, 2], 2, classes=3)
    array([0, 2])
    >>> check_labels([0, 3], 2, classes=3)
    Traceback (most recent call last):
    ValueError: labels: got integers from 0 to 3; it must be in 0..2.
    """
    count = classes if classes is None or isinstance(classes, int | np.integer) else len(classes)
    return _class_numbers(labels, n, count, name)


def check_domains(
    domains: ArrayLike | None, n: int, count: int | None = None, name: str = "domains"
) -> NDArray[np.int64]:
    """The domain of each of `n` rows, integers from 0 on, as int64 (n,).

    Args:
        count: the number of domains, or None. Errors as for `check_labels`.

    >>> check_domains([0, 1, 1], 3)
    array([0, 1, 1])
    """
    return _class_numbers(domains, n, count, name)


def check_index(
    index: ArrayLike | None, n: int | None = None, size: int | None = None, name: str = "index"
) -> NDArray[np.int64]:
    """Row numbers in a data set, as int64 (n,). Errors as for `check_labels`.

    Args:
        n: how many there must be. size: the rows of the data set. None: any number.

    >>> check_index([7, 3], 2, size=10)
    array([7, 3])
    """
    limit = ROWS if size is None else size
    return _whole_numbers(index, n, limit, name, f"in 0..{limit - 1}")


def check_targets(
    targets: ArrayLike | None, n: int, columns: int | None = None, name: str = "targets"
) -> NDArray:
    """What is regressed: finite numbers (n,) or (n, K); integers become float32.

    Args:
        columns: K, where it is known; 1 stands for (n,) too.

    Raises:
        TypeError: no array of numbers. ValueError: none, another shape, NaN or infinite.

    >>> check_targets([0.5, 1.5], 2)
    array([0.5, 1.5])
    >>> check_targets([0.5, 1.5], 3)
    Traceback (most recent call last):
    ValueError: targets: got 2 for 3 rows; it must be one per row.
    """
    if targets is None:
        raise ValueError(f"{name}: missing; it must be one number or vector per row.")
    targets = finite(targets, name, "(N,) or (N, K)", 1, 2)
    _check_length(targets, n, name)
    if columns not in (None, 1 if targets.ndim == 1 else targets.shape[1]):
        raise refused(name, f"shape {targets.shape}", f"be (N, {columns})")
    return targets


def _class_numbers(values, n, count, name):
    if count is not None:
        return _whole_numbers(values, n, count, name, f"in 0..{count - 1}")
    allowed = f"0 or more, below {CLASSES} ({NUMBERED})"
    return _whole_numbers(values, n, CLASSES, name, allowed)


def _whole_numbers(values, n, limit, name, allowed):
    if values is None:
        raise ValueError(f"{name}: missing; it must be one integer per row.")
    values = numbers(values, name, f"be integers (N,), {allowed}")
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1 or values.dtype.kind == "f":
        raise refused(name, f"{values.dtype} {values.shape}", "be integers (N,)")
    _check_length(values, n, name)
    if not len(values):
        return values.astype("int64")
    low, high = extent(values)
    if low < 0 or high >= limit:
        raise refused(name, f"integers from {low} to {high}", f"be {allowed}")
    return values.astype("int64")


def _check_length(values, n, name):
    if n not in (None, len(values)):
        raise refused(name, f"{len(values)} for {n} rows", "be one per row")
