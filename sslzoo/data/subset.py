"""Seeded subsets of a labelled set in which every class is represented."""

import numpy as np


def labelled_subset(labels, fraction=None, per_class=None, seed=0):
    """Indices of a class-balanced subset, ascending, int64 (n,).

    labels: (N,) integers. Exactly one of: `fraction` in (0, 1], that share of every class (rounded;
    a class that would be left with none is an error); `per_class`, the same number >= 1 from every
    class. The same seed gives the same indices on every machine.
    """
    if (fraction is None) == (per_class is None):
        raise ValueError(
            f"labelled_subset needs either fraction or per_class, got {fraction=} and {per_class=}"
        )
    check_share(fraction, per_class)
    classes, sizes = np.unique(np.asarray(labels), return_counts=True)
    counts = (
        np.full_like(sizes, per_class)
        if fraction is None
        else np.rint(fraction * sizes).astype(int)
    )
    for label, size, count in zip(classes, sizes, counts, strict=True):
        if count < 1:
            raise ValueError(
                f"fraction {fraction} of the {size} samples of class {label} is none: one is "
                "the least"
            )
        if count > size:
            raise ValueError(f"labels per class: got {per_class}; class {label} has {size} samples")
    return draw(labels, counts, seed)


def check_share(fraction, per_class):
    """ValueError unless `fraction` is None or in (0, 1] and `per_class` is None or an integer >=
    1.
    """
    if fraction is not None and not 0 < fraction <= 1:
        raise ValueError(f"fraction must be in (0, 1], got {fraction}")
    if per_class is not None and (per_class < 1 or per_class != int(per_class)):
        raise ValueError(f"labels per class must be a whole number of at least 1, got {per_class}")


def stratified_split(labels, fraction, seed):
    """(rest, held_out) indices: `fraction` of every class held out, at least one and never all of
    them.
    """
    classes, sizes = np.unique(labels, return_counts=True)
    if sizes.min() < 2:
        raise ValueError(
            f"class {classes[sizes.argmin()]} has 1 training sample: a validation split needs "
            "at least 2 of every class"
        )
    held_out = draw(labels, np.clip(np.rint(fraction * sizes).astype(int), 1, sizes - 1), seed)
    return np.setdiff1d(np.arange(len(labels)), held_out), held_out


def draw(labels, counts, seed):
    """`counts[i]` random samples of the i-th class in sorted order, as ascending indices."""
    labels, rng = np.asarray(labels), np.random.default_rng(seed)
    chosen = [
        rng.permutation(np.flatnonzero(labels == label))[:count]
        for label, count in zip(np.unique(labels), counts, strict=True)
    ]
    return np.sort(np.concatenate(chosen))
