"""What a dense head learns at each place, and the boxes that its results are."""

import numpy as np
import pytest

from sslzoo.evaluate.box_targets import MOST, box_targets, boxes_of

RNG = np.random.default_rng(0)
NONE = [-1] * 5


def slow_targets(boxes, size, grid):
    """Place by place, in pixels."""
    cell_y, cell_x = (side / cells for side, cells in zip(size, grid, strict=True))
    result = np.zeros((*grid, 6))
    result[..., 0] = -1
    for row in range(grid[0]):
        for column in range(grid[1]):
            y, x = (row + 0.5) * cell_y, (column + 0.5) * cell_x
            smallest = np.inf
            for label, left, top, right, bottom in boxes:
                area = (right - left) * (bottom - top)
                near = abs(x - (left + right) / 2) <= 1.5 * cell_x
                near = near and abs(y - (top + bottom) / 2) <= 1.5 * cell_y
                inside = left < x < right and top < y < bottom
                if label >= 0 and near and inside and area < smallest:
                    smallest = area
                    across = sorted([(x - left) / cell_x, (right - x) / cell_x])
                    down = sorted([(y - top) / cell_y, (bottom - y) / cell_y])
                    middle = np.sqrt(across[0] / across[1] * down[0] / down[1])
                    distances = (x - left, y - top, right - x, bottom - y)
                    cells = (cell_x, cell_y, cell_x, cell_y)
                    result[row, column, :2] = label, middle
                    result[row, column, 2:] = np.divide(distances, cells)
    return result


def test_targets_are_those_of_a_slow_version():
    corner = RNG.integers(0, 20, (3, 6, 2))
    corners = np.concatenate([corner, corner + RNG.integers(4, 50, (3, 6, 2))], axis=2)
    boxes = np.concatenate([RNG.integers(0, 3, (3, 6, 1)), corners], axis=2)
    boxes[1, 3:] = NONE
    found = box_targets(boxes, (70, 70), (9, 7))
    for row in range(3):
        np.testing.assert_allclose(
            found[row], slow_targets(boxes[row], (70, 70), (9, 7)), atol=1e-5
        )
    assert (found[..., 0] >= 0).sum() > 20


def test_an_image_without_boxes_learns_none():
    found = box_targets(np.array([[NONE]]), (16, 16), (2, 2))
    assert (found[..., 0] == -1).all() and (found[..., 1:] == 0).all()


def test_what_is_learned_gives_the_boxes_back():
    boxes = np.array(
        [[[0, 4, 6, 30, 28], [1, 34, 40, 60, 62], [1, 40, 2, 62, 20], NONE]], "float64"
    )
    (targets,) = box_targets(boxes, (64, 64), (8, 8))
    scores = np.zeros((8, 8, 2))
    learned = targets[..., 0] >= 0
    scores[learned, targets[learned][:, 0].astype(int)] = targets[learned][:, 1]
    found = boxes_of(scores, targets[..., 2:].astype("float64"), (64, 64))
    assert len(found) == 3  # the places of one box are one
    assert sorted(found[:, 0].tolist()) == [0, 1, 1] and (np.diff(found[:, 5]) <= 0).all()
    order = np.lexsort((found[:, 2], found[:, 0]))
    expected = boxes[0, [0, 2, 1]]
    np.testing.assert_allclose(found[order][:, :5], expected, atol=1e-5)


def test_boxes_stay_inside_and_are_at_most_a_hundred():
    scores = RNG.uniform(0.1, 1, (20, 20, 2))
    found = boxes_of(scores, np.full((20, 20, 4), 0.6), (160, 320))
    assert found.shape == (MOST, 6) and found[:, 5].min() >= np.sort(scores.ravel())[-101]
    wide = boxes_of(np.full((2, 2, 1), 0.9), np.full((2, 2, 4), 9.0), (16, 32))
    assert wide.tolist() == [[0, 0, 0, 32, 16, 0.9]]


@pytest.mark.parametrize(("score", "count"), [(0.049, 0), (0.051, 1)])
def test_a_weak_score_is_no_box(score, count):
    scores = np.zeros((2, 2, 1))
    scores[0, 0] = score
    assert len(boxes_of(scores, np.ones((2, 2, 4)), (16, 16))) == count
