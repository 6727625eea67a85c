"""Large pictures in overlapping tiles, so that memory does not grow with them."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from sslzoo import backends
from sslzoo.nn.bicubic import BicubicUpsampling
from sslzoo.nn.inside import FILLING
from sslzoo.nn.pixel_shuffle import PixelShuffle

WINDOW = 192  # pixels of a side that are computed at once
_POINTWISE = (layers.BatchNormalization, layers.PReLU, layers.ReLU, layers.LeakyReLU, layers.Add)
_RESIZING = (PixelShuffle, layers.InputLayer)
_BICUBIC = 2  # pixels that the kernel reaches


def reach(network: keras.Model) -> int | None:
    """How far at most an output pixel sees, in pixels of the input to each side; None where a layer
    may see everything.

    Convolutions behind an enlargement count as if they came before it: the number is a bound.

    Example:
        >>> from sslzoo import nn
        >>> trunk = nn.feature_map(nn.backbone("srresnet", 8, width=4, blocks=1))
        >>> nn.reach(trunk)  # 9x9, two of 3x3, 3x3
        7
    """
    far = 0
    for operation in network.operations:
        if isinstance(operation, BicubicUpsampling):
            far += _BICUBIC
        elif type(operation) is layers.Conv2D and operation.strides == (1, 1):
            sides = zip(operation.kernel_size, operation.dilation_rate, strict=True)
            far += max(side // 2 * rate for side, rate in sides)
        elif not isinstance(operation, (*_POINTWISE, *_RESIZING)):
            return None
    return far


def tiled(function: Callable, images: NDArray, far: int, scale: int, side: int = WINDOW) -> NDArray:
    """`function` of images, window by window where they are larger than one.

    Args:
        function: images (N, H, W, C) of any size -> (N, scale H, scale W, C'), pixels that see
            `far` pixels to each side, as `reach` says it.
        images: (N, H, W, C).
        side: pixels of a window; at least four times `far` are taken.

    Returns:
        What `function(images)` is, but for rounding.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> nn.tiled(lambda x: x, np.ones((1, 300, 4, 1)), far=3, scale=1).shape
        (1, 300, 4, 1)
    """
    side = max(side, 4 * far)
    if max(images.shape[1:3]) <= side:
        return function(images)
    result = None
    for index, image in enumerate(images):
        for rows, inner_rows in _windows(image.shape[0], side, far):
            for columns, inner_columns in _windows(image.shape[1], side, far):
                tile = function(image[None, rows, columns])[0]
                if result is None:
                    height, width = scale * images.shape[1], scale * images.shape[2]
                    shape = (len(images), height, width, tile.shape[-1])
                    result = np.empty(shape, tile.dtype)
                place = _times(inner_rows, scale), _times(inner_columns, scale)
                inside = (
                    _times(inner_rows, scale, rows.start),
                    _times(inner_columns, scale, columns.start),
                )
                result[index][place] = tile[inside]
    return result


def tiled_graph(function: Callable, images: Any, far: int, scale: int, side: int = WINDOW) -> Any:
    """`tiled` as a graph of tensors, one window after the other, all of one size.

    Args:
        function: as that of `tiled`; a network that `nn.inside` gives, since a window at the border
            is filled up.
        images: (N, H, W, C), not negative, of a type that holds -1.

    Example:
        >>> from keras import ops
        >>> from sslzoo import nn
        >>> images = ops.ones((1, 300, 4, 1))
        >>> tuple(nn.tiled_graph(lambda x: x, images, far=3, scale=1).shape)
        (1, 300, 4, 1)
    """
    count, height, width, _ = ops.shape(images)
    side = max(side, 4 * far)
    step, border = side - 2 * far, scale * far
    rows, columns = -(-height // step), -(-width // step)

    def tile(number):
        window = _part(images, 1, number // columns * step - far, side)
        window = _part(window, 2, number % columns * step - far, side)
        good = slice(border, border + scale * step)
        return function(window)[:, good, good]

    tiles = backends.one_by_one(tile, rows * columns)  # (tiles, N, scale step, scale step, C')
    sides = tiles.shape[2:]
    tiles = ops.reshape(tiles, (rows, columns, count, *sides))
    tiles = ops.transpose(tiles, (2, 0, 3, 1, 4, 5))
    whole = ops.reshape(tiles, (count, rows * sides[0], columns * sides[1], sides[2]))
    return whole[:, : scale * height, : scale * width]


def _part(images: Any, axis: int, start: Any, length: int) -> Any:
    """Images from `start` on along an axis, filled up where it leaves them."""
    size = ops.shape(images)[axis]
    places = start + ops.arange(length)
    known = ops.logical_and(places >= 0, places < size)
    part = ops.take(images, ops.clip(places, 0, size - 1), axis)
    known = ops.reshape(known, [length if other == axis else 1 for other in range(4)])
    return ops.where(known, part, ops.cast(FILLING, part.dtype))


def _windows(length: int, side: int, far: int) -> list[tuple[slice, slice]]:
    """[(window, the part of it that sees what it needs)] of an axis, the parts covering it."""
    side = min(side, length)
    windows = []
    done = 0
    while done < length:
        start = min(max(done - far, 0), length - side)
        end = start + side
        good = length if end == length else end - far
        windows.append((slice(start, end), slice(done, good)))
        done = good
    return windows


def _times(part: slice, scale: int, start: int = 0) -> slice:
    """A part of an axis, counted from `start`, on the enlarged axis."""
    return slice(scale * (part.start - start), scale * (part.stop - start))
