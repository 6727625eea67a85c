"""Agreement of predicted boxes with true ones: IoU, non-maximum suppression, average precision."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

# COCO's (Lin et al. 2014, arXiv:1405.0312; pycocotools, cocoeval.py): IoU from 0.5 to 0.95, and the
# recalls at which precision is read.
THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10).tolist())
RECALLS = np.linspace(0, 1, 101)


class Matches(NamedTuple):
    """What became of the predictions of one class, of one image or of several.

    scores: (n,). right: bool (T, n), whether a prediction found a true box of its own, at each of
    the thresholds. total: the number of true boxes.

    >>> Matches(np.array([0.5]), np.array([[True]]), 1).total
    1
    """

    scores: NDArray[np.float64]
    right: NDArray[np.bool_]
    total: int

    def at_first(self) -> "Matches":
        """At the first threshold alone."""
        return self._replace(right=self.right[:1])


def box_iou(boxes: ArrayLike, others: ArrayLike) -> NDArray[np.float64]:
    """Intersection over union of boxes (n, 4) and others (m, 4), as (n, m).

    A box is left, top, right, bottom. The IoU of two boxes without an area is 0.

    >>> box_iou([[0, 0, 2, 2]], [[1, 0, 3, 2], [5, 5, 6, 6]]).round(3)
    array([[0.333, 0.   ]])
    """
    boxes, others = (np.asarray(part, "float64").reshape(-1, 4) for part in (boxes, others))
    shared = _shared(boxes, others, 0) * _shared(boxes, others, 1)
    union = _areas(boxes)[:, None] + _areas(others) - shared
    return shared / np.maximum(union, np.finfo("float64").tiny)


def suppressed(boxes: NDArray, scores: NDArray, threshold: float) -> NDArray[np.int64]:
    """Greedy non-maximum suppression: rows that stay, the highest score first.

    A row stays unless its IoU with one that stays, of a higher score, exceeds the threshold.

    >>> boxes = np.array([[0, 0, 4, 4], [0, 0, 4, 3], [9, 9, 11, 11]])
    >>> suppressed(boxes, np.array([0.5, 0.9, 0.7]), 0.6).tolist()
    [1, 2]
    """
    order = np.argsort(-scores, kind="stable")
    overlaps = box_iou(boxes[order], boxes[order]) > threshold
    stays = np.ones(len(order), bool)
    for place in range(len(order)):
        if stays[place]:
            stays[place + 1 :] &= ~overlaps[place, place + 1 :]
    return order[stays]


def matched(
    boxes: NDArray, scores: NDArray, truth: NDArray, thresholds: Sequence[float] = THRESHOLDS
) -> Matches:
    """Predictions of one class in one image, each given to a true box, as COCO does it.

    From the highest score on, a prediction takes the free true box of the highest IoU, if that
    reaches the threshold. Of equal IoUs the last one counts.

    Args:
        boxes: (n, 4). scores: (n,). truth: (m, 4).

    >>> truth = np.array([[0, 0, 2, 2]])
    >>> found = matched(np.array([[0, 0, 2, 1], [0, 0, 2, 2]]), np.array([0.9, 0.8]), truth, [0.5])
    >>> found.scores, found.right
    (array([0.9, 0.8]), array([[ True, False]]))
    """
    order = np.argsort(-scores, kind="stable")
    overlaps = box_iou(boxes[order], truth)  # (n, m)
    right = np.zeros((len(thresholds), len(order)), bool)
    for row, threshold in enumerate(thresholds):
        free = np.ones(len(truth), bool)
        for place in range(len(order) if len(truth) else 0):
            left = np.where(free, overlaps[place], -1.0)
            best = len(left) - 1 - left[::-1].argmax()
            if left[best] >= threshold:
                right[row, place], free[best] = True, False
    return Matches(np.asarray(scores, "float64")[order], right, len(truth))


def joined(parts: Sequence[Matches]) -> Matches:
    """The matches of several images as one, the highest score first; equal scores keep their order.

    >>> one = Matches(np.array([0.5]), np.array([[True]]), 1)
    >>> joined([one, Matches(np.array([0.9]), np.array([[False]]), 2)]).scores
    array([0.9, 0.5])
    """
    scores = np.concatenate([part.scores for part in parts])
    right = np.concatenate([part.right for part in parts], axis=1)
    order = np.argsort(-scores, kind="stable")
    return Matches(scores[order], right[:, order], sum(part.total for part in parts))


def average_precision(matches: Matches) -> NDArray[np.float64]:
    """Average precision at each threshold, (T,); NaN without a true box.

    The precision at a recall is the best of those at this recall or above it. It is averaged over
    101 recalls from 0 to 1, and is 0 where the recall is not reached.

    >>> found = Matches(np.array([0.9, 0.8, 0.7]), np.array([[True, False, True]]), 2)
    >>> average_precision(found).round(4)  # 51 recalls at 1, 50 at 2/3
    array([0.835])
    """
    count = len(matches.scores)
    if not matches.total:
        return np.full(len(matches.right), np.nan)
    hits = matches.right.cumsum(axis=1)  # (T, n)
    precision = hits / np.arange(1, count + 1)
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    result = np.zeros(len(hits))
    for row, found in enumerate(hits):
        places = np.searchsorted(found / matches.total, RECALLS, side="left")
        reached = places < count
        result[row] = best[row, places[reached]].sum() / len(RECALLS)
    return result


def image_matches(truth: NDArray, found: NDArray, classes: int) -> list[Matches]:
    """The matches of one image, one of each class.

    Args:
        truth: (M, 5), class, left, top, right, bottom; rows of -1 are none.
        found: (n, 6), the same and the score.
        classes: K.

    >>> truth = np.array([[1, 0, 0, 2, 2], [-1, -1, -1, -1, -1]])
    >>> [match.total for match in image_matches(truth, np.empty((0, 6)), 2)]
    [0, 1]
    """
    matches = []
    for label in range(classes):
        own, its = found[found[:, 0] == label], truth[truth[:, 0] == label]
        matches.append(matched(own[:, 1:5], own[:, 5], its[:, 1:]))
    return matches


def class_precisions(images: Sequence[list[Matches]]) -> NDArray[np.float64]:
    """The average precision of each class over several images, (K, T); NaN without a true box.

    COCO's mAP is the mean over classes and thresholds.

    Args:
        images: `image_matches` of each.

    >>> right = Matches(np.array([0.9]), np.ones((10, 1), bool), 1)
    >>> class_precisions([[right], [right]]).mean()
    np.float64(1.0)
    """
    by_class = zip(*images, strict=True)
    return np.stack([average_precision(joined(parts)) for parts in by_class])


def _shared(boxes, others, axis):
    """The length (n, m) along x (axis 0) or y (axis 1) that two boxes share."""
    start = np.maximum(boxes[:, None, axis], others[None, :, axis])
    end = np.minimum(boxes[:, None, axis + 2], others[None, :, axis + 2])
    return np.maximum(end - start, 0)


def _areas(boxes):
    return np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1)
