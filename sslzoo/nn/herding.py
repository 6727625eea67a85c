"""iCaRL's choice of exemplars and its classifier's means (Rebuffi et al. 2017, arXiv:1611.07725,
algorithms 1 and 4). NumPy.
"""

import numpy as np
from numpy.typing import ArrayLike

from sslzoo.rows import unit_rows


def herding(features: ArrayLike, count: int) -> np.ndarray:
    """The `count` images of one class whose mean stays nearest to the class's, the most useful
    first.

    With unit rows f and their mean mu, the k-th is argmin_x |mu - (f(x) + sum of the k - 1 before)
    / k| over the images not chosen yet; of equals the first. The first m of the order are what
    herding for m would give: a memory shrinks by cutting the end.

    Args:
        features: (N, D) of one class, of any length: each is divided by its length here. Without
            augmentation.
        count: 0 or more; more than N gives all.

    Returns:
        int64 (min(count, N),) row numbers.

    Example:
        >>> from sslzoo import nn
        >>> nn.herding([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0]], 2).tolist()  # the middle one first
        [1, 0]
    """
    # float32: each step reads all of them, and waits for memory
    features = unit_rows(np.asarray(features, "float64")).astype("float32")
    mean = features.mean(axis=0)
    total = np.zeros_like(mean)  # of the chosen ones
    squares = (features**2).sum(axis=1)
    free, order = np.ones(len(features), bool), []
    for k in range(1, min(count, len(features)) + 1):
        # k |mu - (f + total) / k|^2 without what is the same for every f; |f| is not, where a row
        # is zero
        distance = squares / k - 2 * features @ (mean - total / k)
        chosen = int(np.where(free, distance, np.inf).argmin())
        order.append(chosen)
        free[chosen] = False
        total += features[chosen]
    return np.array(order, "int64")


def class_means(features: ArrayLike, labels: ArrayLike, classes: int) -> np.ndarray:
    """The means that the nearest-mean classifier compares with: of the unit features of each class,
    made unit again.

    The paper's code also takes each image's mirror image; here there is none.

    Args:
        features: (N, D).
        labels: (N,) integers.
        classes: C.

    Returns:
        float32 (C, D); a class without a row is zero.

    Example:
        >>> from sslzoo import nn
        >>> nn.class_means([[0.0, 2.0], [0.0, 4.0]], [1, 1], 2).tolist()
        [[0.0, 0.0], [0.0, 1.0]]
    """
    features, labels = unit_rows(np.asarray(features, "float64")), np.asarray(labels)
    means = np.zeros((classes, features.shape[1]))
    for label in np.unique(labels):
        means[label] = unit_rows(features[labels == label].mean(axis=0))
    return means.astype("float32")
