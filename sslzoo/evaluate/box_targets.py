"""Between boxes and what a dense head says at each place of a grid, as FCOS does it (Tian et al.
2019, "FCOS: Fully Convolutional One-Stage Object Detection", arXiv:1904.01355).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks.dense import NO_BOX
from sslzoo.evaluate.box_quality import suppressed

RADIUS = 1.5  # cells around the center of a box that learn it: the authors' center sampling
LEAST_SCORE = 0.05  # of a prediction, as in the authors' code
SAME_BOX = 0.6  # IoU above which the weaker of two predictions is dropped, as there
MOST = 100  # predictions of an image, as in COCO's evaluation
CANDIDATES = 500  # places of an image and class that are looked at: five for each prediction


def box_targets(boxes: NDArray, size: Sequence[int], grid: Sequence[int]) -> NDArray[np.float32]:
    """What the head shall say at each place of a grid over images, float32 (N, h, w, 6).

    The six numbers are the class, or -1 for none; the centerness; and the distances from the place
    to the left, top, right and bottom of the box, in cells. A place learns the box in which it
    lies, if the center of the box is at most 1.5 cells away in x and in y. Of several it learns the
    smallest. The centerness is sqrt(min(l, r) / max(l, r) * min(t, b) / max(t, b)).

    Args:
        boxes: (N, M, 5), class, left, top, right, bottom; rows of -1 are none.
        size: [height, width] of the images in which the boxes are.
        grid: [h, w].

    >>> box = np.array([[[2, 0, 0, 16, 16]]])
    >>> box_targets(box, (32, 32), (4, 4))[0, 0, 1].tolist()
    [2.0, 0.3333333432674408, 1.5, 0.5, 0.5, 1.5]
    """
    height, width = grid
    scale = np.array([width / size[1], height / size[0]] * 2)
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)  # (h, w)
    result = np.zeros((len(boxes), height, width, 6), "float32")
    for row, own in enumerate(boxes):
        own = own[own[:, 0] != NO_BOX]
        result[row] = _of_image(own[:, 0], own[:, 1:] * scale, x, y)
    return result


def _of_image(labels, corners, x, y):
    """Of labels (n,) and corners (n, 4) in cells: (h, w, 6)."""
    result = np.zeros((*x.shape, 6))
    result[..., 0] = NO_BOX
    sizes = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
    for index in np.argsort(-sizes, kind="stable"):  # the smallest last, so that it stays
        left, top = corners[index, :2]
        right, bottom = corners[index, 2:]
        distances = np.stack([x - left, y - top, right - x, bottom - y], axis=-1)  # (h, w, 4)
        near = np.abs(x - (left + right) / 2) <= RADIUS
        near &= np.abs(y - (top + bottom) / 2) <= RADIUS
        here = near & (distances > 0).all(axis=-1)
        own = distances[here]
        result[here, 0] = labels[index]
        result[here, 1] = _centerness(own)
        result[here, 2:] = own
    return result


def _centerness(distances):
    """(n,) of (n, 4)."""
    across, down = distances[:, 0::2], distances[:, 1::2]
    ratios = [pair.min(axis=1) / pair.max(axis=1) for pair in (across, down)]
    return np.sqrt(ratios[0] * ratios[1])


def boxes_of(scores: NDArray, distances: NDArray, size: Sequence[int]) -> NDArray[np.float64]:
    """The boxes that a head found in one image, (n, 6): class, left, top, right, bottom, score; the
    highest score first.

    Args:
        scores: (h, w, K), 0 to 1. distances: (h, w, 4), in cells, as in `box_targets`.
        size: [height, width] of the image.

    >>> scores, distances = np.zeros((2, 2, 1)), np.ones((2, 2, 4))
    >>> scores[0, 1] = 0.5
    >>> boxes_of(scores, distances, (4, 4)).tolist()
    [[0.0, 1.0, 0.0, 4.0, 3.0, 0.5]]
    """
    height, width, classes = scores.shape
    cell = np.array([size[1] / width, size[0] / height])
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    places = np.stack([x, y], axis=-1)  # (h, w, 2)
    start = (places - distances[..., :2]) * cell
    end = (places + distances[..., 2:]) * cell
    limits = (size[1], size[0])
    corners = np.concatenate([np.clip(start, 0, limits), np.clip(end, 0, limits)], axis=-1)
    found = [_of_class(label, scores[..., label].ravel(), corners) for label in range(classes)]
    found = np.concatenate(found)
    return found[np.argsort(-found[:, 5], kind="stable")[:MOST]]


def _of_class(label, scores, corners):
    """(n, 6) of one class."""
    order = np.argsort(-scores, kind="stable")[:CANDIDATES]
    order = order[scores[order] >= LEAST_SCORE]
    boxes, scores = corners.reshape(-1, 4)[order], scores[order]
    stays = suppressed(boxes, scores, SAME_BOX)[:MOST]
    labels = np.full((len(stays), 1), label)
    return np.concatenate([labels, boxes[stays], scores[stays, None]], axis=1)
