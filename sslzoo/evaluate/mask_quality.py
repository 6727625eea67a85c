"""Agreement of predicted masks with true ones: confusion of pixels, IoU of classes."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks.dense import UNLABELED_PIXEL
from sslzoo.evaluate.bootstrap import known_mean


def confusion(truth: ArrayLike, predicted: ArrayLike, classes: int) -> NDArray[np.int64]:
    """How many pixels of each true class (row) got each class (column), (K, K).

    Pixels whose true number is 255 are left out.

    Args:
        truth: Integers of any shape, 0 to K - 1, or 255 for no class.
        predicted: Integers of the same shape, 0 to K - 1.
        classes: K.

    >>> confusion([0, 0, 1, 255], [0, 1, 1, 0], 2).tolist()
    [[1, 1], [0, 1]]
    """
    truth, predicted = np.ravel(truth), np.ravel(predicted)
    counts = truth != UNLABELED_PIXEL
    pairs = truth[counts].astype("int64") * classes + predicted[counts]
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def class_iou(counts: NDArray) -> NDArray[np.float64]:
    """Intersection over union of each class, (K,); NaN for a class without a true pixel.

    The intersection are the pixels of a class that got it. The union are those that are of the
    class, or got it (Everingham et al. 2010, doi:10.1007/s11263-009-0275-4, section 4.4).

    Args:
        counts: `confusion` (K, K).

    >>> class_iou(np.array([[2, 1, 0], [1, 4, 0], [0, 0, 0]])).round(3)
    array([0.5  , 0.667,   nan])
    """
    right, true = np.diagonal(counts), counts.sum(axis=1)  # (K,)
    union = true + counts.sum(axis=0) - right
    return np.where(true > 0, right / np.maximum(union, 1), np.nan)


def mean_iou(counts: NDArray) -> float:
    """The mean of `class_iou` over the classes that have a true pixel; NaN if none has.

    >>> round(mean_iou(np.array([[2, 1, 0], [1, 4, 0], [0, 0, 0]])), 4)
    0.5833
    """
    return known_mean(class_iou(counts))


def pixel_accuracy(counts: NDArray) -> float:
    """The share of pixels that got their class, of those that have one.

    >>> pixel_accuracy(np.array([[2, 1], [1, 4]]))
    0.75
    """
    return float(np.trace(counts) / counts.sum())
