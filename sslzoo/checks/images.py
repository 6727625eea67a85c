"""What images must be before a model sees them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks.arguments import refused
from sslzoo.checks.arrays import extent, numbers

LOOK = 8  # images that are read of a set on disk


def check_images(images: ArrayLike, name: str = "images") -> NDArray:
    """Refuse images that no model here can read; return them as (N, H, W, C), integers as uint8.

    Args:
        images: array-like (N, H, W), (N, H, W, 1) or (N, H, W, 3), integers in 0..255 or finite
            floats in 0..1. uint8 and floats are not copied. `sslzoo.data.ImageFiles` pass through
            after their first 8 images were read.
        name: the field that errors speak of.

    Raises:
        TypeError: no array of numbers.
        ValueError: wrong shapes and values.

    >>> check_images(np.zeros((2, 8, 8), "int64")).shape
    (2, 8, 8, 1)
    >>> check_images(np.full((2, 8, 8, 3), 255.0))
    Traceback (most recent call last):
    ValueError: images: got floats from 255.0 to 255.0; it must hold finite floats in 0..1 (divide \
by 255, or pass uint8).
    """
    if getattr(images, "on_disk", False):
        check_images(images[: min(len(images), LOOK)], name)
        return images
    images = _with_channels(numbers(images, name), name)
    if images.dtype == np.uint8:
        return images
    low, high = extent(images)
    if images.dtype.kind == "f":
        _check_floats(low, high, name)
        return images
    if low < 0 or high > 255:
        raise refused(name, f"integers from {low} to {high}", "hold integers in 0..255")
    return images.astype(np.uint8)


def _check_floats(low, high, name):
    if not (np.isfinite(low) and np.isfinite(high)):
        raise refused(name, "NaN or infinite values", "hold finite floats in 0..1")
    if low >= 0 and high <= 1:
        return
    hint = ""
    if low < 0:
        hint = " (undo the standardization, models here do their own)"
    elif high <= 255:
        hint = " (divide by 255, or pass uint8)"
    raise refused(name, f"floats from {low} to {high}", f"hold finite floats in 0..1{hint}")


def _with_channels(images, name):
    shape = images.shape
    if images.ndim not in (3, 4):
        raise refused(name, f"shape {shape}", "be (N, H, W) or (N, H, W, C)")
    if 0 in shape:
        raise refused(name, f"shape {shape}", "hold at least one image with pixels")
    if images.ndim == 3:
        if shape[-1] in (1, 3):
            got = f"shape {shape}, which looks like one image"
            raise refused(name, got, "have a batch axis in front (images[None])")
        return images[..., None]
    if shape[-1] not in (1, 3):
        hint = " (drop the alpha channel)" if shape[-1] in (2, 4) else ""
        hint = " (put channels last)" if shape[1] in (1, 3) else hint
        raise refused(name, f"shape {shape}", f"have 1 or 3 channels in the last axis{hint}")
    return images
