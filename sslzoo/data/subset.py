"""Seeded subsets and splits that contain every class."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks import in_range, refused, whole
from sslzoo.data.dataset import Dataset, as_dataset


def labeled_subset(
    labels: ArrayLike,
    fraction: float | None = None,
    per_class: int | None = None,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Row indices of a class-balanced subset, ascending, int64 (n,).

    The same seed gives the same indices on every machine.

    Args:
        labels: (N,) integers.
        fraction: Fraction of every class, in (0, 1]. Counts are rounded.
        per_class: Number of rows of every class, at least 1. Give either this or `fraction`.

    Raises:
        ValueError: Both or neither are given, one is out of range, or a class has too few rows.

    >>> labeled_subset([0, 0, 0, 1, 1, 1], per_class=1).shape
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


def first_rows(labels: ArrayLike | None, per_class: int) -> NDArray[np.int64]:
    """The first `per_class` rows of every class, ascending, int64 (n,).

    Raises:
        ValueError: There are no labels, or a class has too few rows.

    >>> first_rows([1, 0, 0, 1, 0], per_class=2)
    array([0, 1, 2, 3])
    """
    whole("per_class", per_class, least=1)
    if labels is None:
        raise refused("per_class", per_class, "be None: this data has no labels")
    labels, rows = np.asarray(labels), []
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        if len(own) < per_class:
            needed = f"be at most {len(own)}, the samples of class {label}"
            raise refused("per_class", per_class, needed)
        rows.append(own[:per_class])
    return np.sort(np.concatenate(rows))


def check_share(fraction: float | None, per_class: int | None) -> None:
    """ValueError unless `fraction` is None or in (0, 1], and `per_class` is None or an integer of
    at least 1.

    >>> check_share(0.1, None)
    """
    if fraction is not None:
        in_range("fraction", fraction, 0, 1, low_open=True)
    if per_class is not None:
        whole("labels_per_class", per_class, least=1)


def split(dataset: Dataset | tuple | dict, test: float, seed: int = 0) -> tuple[Dataset, Dataset]:
    """Split a data set into (train, test) at random. The result is the same on every machine.

    Args:
        dataset: A `Dataset`, (images, labels), or a dict of fields. With labels, each class is
            split in the same proportion.
        test: Fraction of the rows for the test, above 0 and below 1.
        seed: Random seed of the choice.

    Raises:
        ValueError: The fraction is out of range, or a class has a single row.

    >>> train, test = split(Dataset(vectors=np.eye(10), labels=[0, 1] * 5), test=0.4)
    >>> len(train), test.split, sorted(test.labels.tolist())
    (6, 'test', [0, 0, 1, 1])
    """
    in_range("test", test, 0, 1, low_open=True, high_open=True)
    whole("seed", seed, least=0)
    dataset = as_dataset(dataset)
    labels = np.zeros(len(dataset), int) if dataset.labels is None else dataset.labels
    parts = [dataset.take(rows) for rows in stratified_split(labels, test, seed)]
    for part, name in zip(parts, ("train", "test"), strict=True):
        part.split = name
    return parts[0], parts[1]


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
