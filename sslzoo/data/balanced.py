"""Rows drawn so that all classes occur alike."""

import numpy as np
from numpy.typing import NDArray


def balanced_rows(labels: NDArray, rng: np.random.Generator) -> NDArray[np.int64]:
    """As many row numbers as there are labels, of each class as many, in random order.

    A class with fewer rows than its share gives some of them several times, and a larger one leaves
    some out (DeepCluster; facebookresearch/deepcluster, util.py).

    >>> rows = balanced_rows(np.array([0, 0, 0, 0, 0, 1]), np.random.default_rng(0))
    >>> len(rows), bool((rows == 5).sum() >= 2)
    (6, True)
    """
    by_class = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[by_class], prepend=labels.min() - 1))
    classes = np.split(by_class, starts[1:])
    share = len(labels) // len(classes) + 1
    drawn = [rng.choice(rows, share, replace=len(rows) < share) for rows in classes]
    return rng.permutation(np.concatenate(drawn))[: len(labels)]
