"""Average precision: by hand, against a slow version of its definition, and against COCO's code."""

import json
from pathlib import Path

import numpy as np
import pytest

from sslzoo.evaluate.box_quality import (
    THRESHOLDS,
    Matches,
    average_precision,
    box_iou,
    class_precisions,
    image_matches,
    joined,
    matched,
    suppressed,
)

GOLDEN = json.loads((Path(__file__).parent / "golden/coco.json").read_text())
RNG = np.random.default_rng(0)


def random_boxes(count):
    corner = RNG.integers(0, 20, (count, 2))
    return np.concatenate([corner, corner + RNG.integers(1, 12, (count, 2))], axis=1)


def counted(box, other):
    """IoU by counting the cells of a grid."""
    masks = []
    for left, top, right, bottom in (box, other):
        mask = np.zeros((40, 40), bool)
        mask[top:bottom, left:right] = True
        masks.append(mask)
    return (masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum()


def test_iou_is_that_of_counted_cells():
    boxes, others = random_boxes(12), random_boxes(9)
    expected = [[counted(box, other) for other in others] for box in boxes]
    np.testing.assert_allclose(box_iou(boxes, others), expected)
    assert (np.array(expected) > 0).any() and (np.array(expected) == 0).any()
    assert box_iou([[3, 3, 3, 3]], [[3, 3, 3, 3]]).item() == 0


def test_suppression_keeps_the_better_one_of_two_that_overlap_too_much():
    boxes, scores = random_boxes(60), RNG.random(60)
    kept = []
    for row in sorted(range(60), key=lambda row: -scores[row]):
        if all(counted(boxes[row], boxes[other]) <= 0.3 for other in kept):
            kept.append(row)
    assert suppressed(boxes, scores, 0.3).tolist() == kept and 5 < len(kept) < 55
    # The second one is suppressed and does not suppress the third.
    chain = np.array([[0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]])
    assert suppressed(chain, np.array([0.9, 0.8, 0.7]), 0.4).tolist() == [0, 2]


def test_a_true_box_is_found_once_by_the_surest_prediction():
    truth = np.array([[0, 0, 10, 10], [20, 0, 30, 10]])
    boxes = np.array([[0, 0, 10, 8], [0, 0, 10, 10], [21, 0, 30, 10], [50, 0, 60, 10]])
    found = matched(boxes, np.array([0.6, 0.9, 0.3, 0.5]), truth, [0.5, 0.95])
    assert found.scores.tolist() == [0.9, 0.6, 0.5, 0.3] and found.total == 2
    assert found.right.tolist() == [[True, False, False, True], [True, False, False, False]]


def test_a_prediction_takes_the_best_of_the_true_boxes_that_are_free():
    truth = np.array([[0, 0, 10, 10], [0, 0, 10, 8]])
    found = matched(np.array([[0, 0, 10, 8]] * 3), np.array([0.9, 0.8, 0.7]), truth, [0.75])
    assert found.right.tolist() == [[True, True, False]]
    # Between two that are equally near it takes the last one, as pycocotools does.
    pair = np.array([[0, 0, 10, 10], [10, 0, 20, 10]])
    both = matched(np.array([[5, 0, 15, 10], [0, 0, 10, 10]]), np.array([0.9, 0.8]), pair, [0.3])
    assert both.right.tolist() == [[True, True]]
    at_limit = matched(np.array([[0, 0, 10, 5]]), np.array([0.9]), truth[:1], [0.5])
    assert at_limit.right.item()  # IoU 0.5 reaches 0.5


@pytest.mark.parametrize(
    ("right", "total", "expected"),
    [
        ([True], 1, 1.0),
        ([False], 1, 0.0),
        ([False, True], 1, 0.5),  # all recalls at precision 1/2
        ([True, False, True], 2, (51 + 50 * 2 / 3) / 101),
        ([True], 2, 51 / 101),  # recalls up to 0.5
        ([False, True, True], 2, 2 / 3),  # the better precision at a higher recall counts
        ([], 3, 0.0),
    ],
)
def test_average_precision_by_hand(right, total, expected):
    scores = np.linspace(0.9, 0.1, len(right))
    found = average_precision(Matches(scores, np.array([right], bool).reshape(1, -1), total))
    assert found.item() == pytest.approx(expected)


def test_a_class_without_a_true_box_has_no_average_precision():
    assert np.isnan(average_precision(Matches(np.ones(2), np.zeros((3, 2), bool), 0))).all()


def slow_average_precision(right, total):
    """By the definition: for each recall, the best precision of all shorter and longer lists that
    reach it.
    """
    precisions = []
    for recall in np.linspace(0, 1, 101):
        best = 0.0
        for length in range(1, len(right) + 1):
            hits = sum(right[:length])
            if hits / total >= recall:
                best = max(best, hits / length)
        precisions.append(best)
    return np.mean(precisions)


def test_average_precision_is_that_of_its_definition():
    for _ in range(20):
        right = RNG.random((2, 15)) < 0.5
        total = max(1, int(right.sum(axis=1).max()) + int(RNG.integers(0, 5)))
        found = average_precision(Matches(np.linspace(1, 0, 15), right, total))
        expected = [slow_average_precision(row, total) for row in right]
        np.testing.assert_allclose(found, expected)


def test_images_are_joined_by_their_scores():
    one = Matches(np.array([0.9, 0.2]), np.array([[True, False]]), 2)
    other = Matches(np.array([0.5]), np.array([[True]]), 1)
    both = joined([one, other])
    assert both.scores.tolist() == [0.9, 0.5, 0.2] and both.total == 3
    assert both.right.tolist() == [[True, True, False]]
    assert one.at_first().right.shape == (1, 2)


def test_the_figures_are_those_of_pycocotools():
    """tests/evaluate/golden/coco.json, written by scripts/coco_golden.py."""
    images = []
    for truth, found in zip(GOLDEN["truth"], GOLDEN["found"], strict=True):
        truth = np.array([*truth, [-1] * 5], "float64")
        images.append(image_matches(truth, np.array(found, "float64").reshape(-1, 6), 3))
    precisions = class_precisions(images)
    np.testing.assert_allclose(precisions.T, GOLDEN["average_precision"], atol=1e-12)
    assert precisions.mean() == pytest.approx(GOLDEN["mean"])
    assert precisions[:, 0].mean() == pytest.approx(GOLDEN["mean_50"])
    assert len(THRESHOLDS) == 10 and 0.1 < GOLDEN["mean"] < GOLDEN["mean_50"]
