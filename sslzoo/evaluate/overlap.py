"""Warns when test items are also in the training set, by their content."""

import hashlib
import os
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAMPLED = 64  # values of an item that are compared first; only where they agree are all


def warn_of_overlap(train: Any, test: Any, field: str) -> None:
    """Warn when items of `test` are also in `train`.

    Args:
        train, test: items (N, ...), an array, `ImageFiles`, or of graphs a dict.
        field: what an item is, as the warning names it.

    >>> warn_of_overlap(np.eye(2), np.ones((1, 2)), "vectors")
    """
    seen = overlap(train, test)
    if seen:
        total = len(_arrays(test)[0])
        what = "graphs" if field == "nodes" else field
        warnings.warn(
            f"test: {seen:,} of {total:,} {what} are also in train; the figure is too good, "
            "because a test needs items that were not learned from.",
            stacklevel=4,
        )


def overlap(train: Any, test: Any) -> int:
    """How many items of `test` are also in `train`, to the last bit.

    Of images on disk the files are compared, of arrays the values. A file is not compared with an
    array.

    >>> overlap(np.eye(3), np.array([[0.0, 1.0, 0.0], [1.0, 1.0, 1.0]]))
    1
    """
    sets = [_arrays(items) for items in (train, test)]
    if any(_form(a) != _form(b) for a, b in zip(*sets, strict=True)):
        return 0
    parts = [_samples(arrays) for arrays in sets]
    common = set(parts[0]) & set(parts[1])
    if not common:
        return 0
    alike = [[row for row, part in enumerate(samples) if part in common] for samples in parts]
    known = {_digest(sets[0], row) for row in alike[0]}
    return sum(_digest(sets[1], row) in known for row in alike[1])


def _arrays(items):
    return list(items.values()) if isinstance(items, dict) else [items]


def _form(array):
    """What two arrays must share to hold an equal item."""
    on_disk = hasattr(array, "paths")
    return on_disk, None if on_disk else (array.dtype, int(np.prod(array.shape[1:])))


def _samples(arrays):
    """For each item something that is equal where the items are; it costs little."""
    return list(zip(*(_sample(array) for array in arrays), strict=True))


def _sample(array):
    if hasattr(array, "paths"):
        return [_size(path) for path in array.paths]
    flat = _flat(array)
    step = max(1, flat.shape[1] // SAMPLED)
    return [row.tobytes() for row in flat[:, ::step]]


def _digest(arrays, row):
    """Of the whole item."""
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        digest.update(_content(array, row))
    return digest.digest()


def _content(array, row):
    if not hasattr(array, "paths"):
        return _flat(array)[row].tobytes()
    path = array.paths[row]
    if not _is_file(path):
        return str(path).encode()
    with open(path, "rb") as file:
        return file.read()


def _size(path):
    return os.path.getsize(path) if _is_file(path) else str(path)


def _is_file(path):
    return isinstance(path, str | os.PathLike) and os.path.isfile(path)


def _flat(array: NDArray) -> NDArray:
    """(N, ...) -> (N, values)."""
    return array.reshape(len(array), -1)
