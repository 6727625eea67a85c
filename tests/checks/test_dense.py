"""Masks and boxes beside images: what passes, and what is refused in one sentence."""

import numpy as np
import pytest

from sslzoo.checks import check_boxes, check_masks

NAMES = ["sky", "road"]
BOX = [1, 2.0, 1.0, 6.0, 4.0]


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_masks_come_as_uint8_and_keep_their_numbers(dtype):
    masks = np.array([[[0, 1, 255]]], dtype)
    checked = check_masks(masks, 1, (1, 3), NAMES)
    assert checked.dtype == "uint8" and checked.tolist() == masks.tolist()
    assert check_masks(np.full((1, 1, 1), 254, dtype), 1, (1, 1)).item() == 254


@pytest.mark.parametrize(
    ("masks", "sentence"),
    [
        ([[[0, 2]]], r"got the number 2; it must be classes in 0..1, or 255 for no class"),
        ([[[0, -1]]], r"got integers from -1 to 0; it must be classes in 0..1"),
        ([[[0, 256]]], r"got integers from 0 to 256"),
        ([[[0, 1, 1]]], r"got shape \(1, 1, 3\); it must be \(1, 1, 2\), one number for each"),
        ([[[0.0, 1.0]]], "got float64 values; it must be integers"),
        ([[0, 1]], r"got shape \(1, 2\); it must be integers \(N, H, W\)"),
    ],
)
def test_other_masks_are_refused(masks, sentence):
    with pytest.raises(ValueError, match=f"masks: {sentence}"):
        check_masks(masks, 1, (1, 2), NAMES)


def test_boxes_come_as_float32_with_rows_of_none():
    boxes = check_boxes([[BOX, [-1] * 5]], 1, (4, 6), NAMES)
    assert boxes.dtype == "float32" and boxes.tolist() == [[BOX, [-1.0] * 5]]


@pytest.mark.parametrize(
    ("box", "sentence"),
    [
        ([2, 0, 0, 1, 1], r"got the class 2; it must be of classes in 0..1, or -1 for none"),
        ([0.5, 0, 0, 1, 1], "got the class 0.5"),
        ([-2, 0, 0, 1, 1], "got the class -2"),
        ([0, 0, 0, 7, 1], r"got one from \(0, 0\) to \(7, 1\) in row 0; it must have an area and"),
        ([0, 0, 0, 1, 4.5], "lie inside of the 4x6 image"),
        ([0, -0.5, 0, 1, 1], "lie inside"),
        ([0, 3, 1, 3, 2], "it must have an area"),
        ([0, 3, 2, 4, 1], "it must have an area"),
        ([0, np.nan, 2, 4, 1], "got NaN or infinite values"),
    ],
)
def test_other_boxes_are_refused(box, sentence):
    with pytest.raises(ValueError, match=sentence):
        check_boxes([[box]], 1, (4, 6), NAMES)


@pytest.mark.parametrize("boxes", [[BOX], [[BOX[:4]]], [[BOX], [BOX]]])
def test_boxes_of_another_shape_are_refused(boxes):
    with pytest.raises(ValueError, match="boxes: got shape"):
        check_boxes(boxes, 1, (4, 6))
