"""Labels of large data sets: to find them all records are read once, and not at every start."""

import contextlib
import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sslzoo.files import atomic, cache_home, make_folder, read_own

KEPT_FROM = 50_000  # labels; fewer are read in seconds


def kept_labels(
    name: str, parts: Sequence[tuple[str, int, int]], read: Callable[[], NDArray[np.int64]]
) -> NDArray[np.int64]:
    """The labels that `read()` gives, (N,), or that were kept when it was called before.

    They are in $SSLZOO_HOME/labels, in a file named after the data set and a digest. A change of
    a file of the data set changes the digest. A folder that cannot be written to is no error.

    Args:
        parts: [(file, first record, number of records)] that the labels belong to.

    >>> kept_labels("cats", [], lambda: np.array([1, 0]))
    array([1, 0])
    """
    count = sum(number for _, _, number in parts)
    if count < KEPT_FROM:
        return read()
    path = Path(cache_home(), "labels", f"{name}-{_digest(parts)}.npy")
    with contextlib.suppress(FileNotFoundError, ValueError):  # a damaged file is written anew
        labels = read_own(path, lambda: np.load(path), "file of labels")
        if labels.shape == (count,):
            return labels
    labels = read()
    with contextlib.suppress(OSError):
        make_folder(path.parent)
        with atomic(path) as file:
            np.save(file, labels)
    return labels


def _digest(parts):
    stats = {file: os.stat(file) for file, _, _ in parts}
    stamps = [(file, stat.st_size, stat.st_mtime_ns) for file, stat in stats.items()]
    return hashlib.sha256(repr((list(parts), stamps)).encode()).hexdigest()[:16]
