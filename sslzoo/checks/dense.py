"""What masks and boxes beside images must be."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks.arguments import refused
from sslzoo.checks.arrays import extent, finite, integers

UNLABELED_PIXEL = 255  # no class: VOC and Cityscapes mark pixels so that count nowhere
NO_BOX = -1  # of a row that fills up an image with fewer boxes


def check_masks(
    masks: ArrayLike,
    n: int,
    size: Sequence[int],
    classes: Sequence[str] | None = None,
    name: str = "masks",
) -> NDArray[np.uint8]:
    """The class of each pixel of N images, as uint8 (N, H, W): 0 to 254, or 255 for no class.

    Args:
        n: N. size: [H, W] of the images.
        classes: Names of the classes, or None where any number may come.

    Raises:
        TypeError: No array of numbers. ValueError: Another shape, floats, or a number that is no
            class.

    >>> check_masks([[[0, 1], [255, 1]]], 1, (2, 2), ["sky", "road"]).dtype
    dtype('uint8')
    >>> check_masks([[[0, 2]]], 1, (1, 2), ["sky", "road"])
    Traceback (most recent call last):
    ValueError: masks: got the number 2; it must be classes in 0..1, or 255 for no class.
    """
    masks = integers(masks, name, "integers (N, H, W)", 3)
    if masks.shape != (n, *size):
        needed = f"be ({n}, {size[0]}, {size[1]}), one number for each pixel of the images"
        raise refused(name, f"shape {masks.shape}", needed)
    most = UNLABELED_PIXEL - 1 if classes is None else len(classes) - 1
    needed = f"be classes in 0..{most}, or {UNLABELED_PIXEL} for no class"
    low, high = extent(masks)
    if low < 0 or high > UNLABELED_PIXEL:
        raise refused(name, f"integers from {low} to {high}", needed)
    masks = masks.astype("uint8", copy=False)
    present = np.flatnonzero(np.bincount(masks.ravel()))
    strange = present[(present > most) & (present != UNLABELED_PIXEL)]
    if len(strange):
        raise refused(name, f"the number {strange[0]}", needed)
    return masks


def check_boxes(
    boxes: ArrayLike,
    n: int,
    size: Sequence[int],
    classes: Sequence[str] | None = None,
    name: str = "boxes",
) -> NDArray[np.float32]:
    """The boxes of N images, as float32 (N, M, 5): class, left, top, right, bottom, in pixels.

    An image with fewer boxes than others is filled up with rows of -1. The corners of a pixel at
    row y and column x are (x, y) and (x + 1, y + 1).

    Args:
        n: N. size: [H, W] of the images.
        classes: Names of the classes, or None where any number may come.

    Raises:
        TypeError: No array of numbers. ValueError: Another shape, NaN, a number that is no class, a
            box without an area, or one that leaves the image.

    >>> check_boxes([[[0, 2, 1, 6, 4], [-1, -1, -1, -1, -1]]], 1, (8, 8)).shape
    (1, 2, 5)
    >>> check_boxes([[[0, 2, 1, 9, 4]]], 1, (8, 8))
    Traceback (most recent call last):
    ValueError: boxes: got one from (2, 1) to (9, 4) in row 0; it must have an area and lie inside \
of the 8x8 image.
    """
    boxes = finite(boxes, name, "(N, M, 5)", 3)
    if len(boxes) != n or boxes.shape[2] != 5:
        raise refused(name, f"shape {boxes.shape}", f"be ({n}, M, 5), the boxes of each image")
    here = boxes[..., 0] != NO_BOX  # (N, M)
    _check_box_classes(boxes[..., 0][here], classes, name)
    height, width = size
    left, top = boxes[..., 1], boxes[..., 2]
    right, bottom = boxes[..., 3], boxes[..., 4]
    good = (left >= 0) & (top >= 0) & (right <= width) & (bottom <= height)
    good &= (right > left) & (bottom > top)
    bad = np.argwhere(here & ~good)
    if len(bad):
        row, index = bad[0]
        x0, y0 = boxes[row, index, 1:3]
        x1, y1 = boxes[row, index, 3:]
        got = f"one from ({x0:g}, {y0:g}) to ({x1:g}, {y1:g}) in row {row}"
        needed = f"have an area and lie inside of the {height}x{width} image"
        raise refused(name, got, needed)
    return boxes.astype("float32", copy=False)


def _check_box_classes(numbers, classes, name):
    most = np.inf if classes is None else len(classes) - 1
    strange = numbers[(numbers < 0) | (numbers > most) | (numbers != np.rint(numbers))]
    if len(strange):
        allowed = "0 or more" if classes is None else f"in 0..{most}"
        raise refused(name, f"the class {strange[0]:g}", f"be of classes {allowed}, or -1 for none")
