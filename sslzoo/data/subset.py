"""Seeded subsets of a labelled set in which every class is represented."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks import in_range, refused, whole


def labelled_subset(
    labels: ArrayLike,
    fraction: float | None = None,
    per_class: int | None = None,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Indices of a class-balanced subset, ascending, int64 (n,).

    The same seed gives the same indices on every machine.

    Args:
        labels: (N,) integers.
        fraction: in (0, 1], that share of every class, rounded.
        per_class: the same number of every class, at least 1. Exactly one of the two is given.

    Raises:
        ValueError: none or both of the two, out of range, a class that would be left with none or
            that has fewer.

    >>> labelled_subset([0, 0, 0, 1, 1, 1], per_class=1).shape
    (2,)
    """
    if (fraction is None) == (per_class is None):
        raise ValueError(
            f"fraction: got {fraction} beside per_class {per_class}; it must be one of the two."
        )
    check_share(fraction, per_class)
    classes, sizes = np.unique(np.asarray(labels), return_counts=True)
    if fraction is None:
        counts = np.full_like(sizes, per_class)
    else:
        counts = np.rint(fraction * sizes).astype(int)
    for label, size, count in zip(classes, sizes, counts, strict=True):
        if count < 1:
            raise refused("fraction", fraction, f"leave one of the {size} samples of class {label}")
        if count > size:
            has = f"be at most {size}, the samples of class {label}"
            raise refused("labels_per_class", per_class, has)
    return draw(labels, counts, seed)


def check_share(fraction: float | None, per_class: int | None) -> None:
    """ValueError unless `fraction` is None or in (0, 1], and `per_class` is None or an integer of
    at least 1.

    >>> check_share(0.1, None)
    """
    if fraction is not None:
        in_range("fraction", fraction, 0, 1, low_open=True)
    if per_class is not None:
        whole("labels_per_class", per_class, least=1)


def stratified_split(
    labels: ArrayLike, fraction: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(rest, held_out) indices: `fraction` of every class held out, at least one and never all of
    them.

    Raises:
        ValueError: a class with a single sample.

    >>> [len(part) for part in stratified_split([0] * 8 + [1] * 4, 0.25, seed=0)]
    [9, 3]
    """
    classes, sizes = np.unique(labels, return_counts=True)
    if sizes.min() < 2:
        got = f"1 training sample of class {classes[sizes.argmin()]}"
        raise refused("labels", got, "hold 2 of every class, for a validation split")
    counts = np.clip(np.rint(fraction * sizes).astype(int), 1, sizes - 1)
    held_out = draw(labels, counts, seed)
    return np.setdiff1d(np.arange(len(labels)), held_out), held_out


def draw(labels: ArrayLike, counts: ArrayLike, seed: int) -> NDArray[np.int64]:
    """`counts[i]` random samples of the i-th class in sorted order, as ascending indices.

    >>> draw([0, 0, 1, 1], [2, 0], seed=0)
    array([0, 1])
    """
    labels = np.asarray(labels)
    rng = np.random.default_rng(seed)
    chosen = [
        rng.permutation(np.flatnonzero(labels == label))[:count]
        for label, count in zip(np.unique(labels), counts, strict=True)
    ]
    return np.sort(np.concatenate(chosen))
