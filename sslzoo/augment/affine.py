"""Rotation, shear and translation of a batch, each image with its own, composed and sampled once.

A map is a matrix (N, 3, 3) from pixels of the output to pixels of the input, (x, y, 1) with pixel j
covering [j, j + 1]: what `PIL.Image.transform(AFFINE)` takes. Out of A first and B after it becomes
the map A @ B, so that any number of them costs one sampling and blurs nothing. The sampling is
nearest, as PIL's default, which the codes of FixMatch and TorchSSL use: one gather, the same code
on every backend (bilinear takes four and measured a third of the speed).
"""

import math
from typing import Any

from keras import ops


def rotation(degrees: Any, height: int, width: int) -> Any:
    """About the center of the image, counter-clockwise, as `PIL.Image.rotate`.

    Args:
        degrees: float (N,).
        height, width: pixels.

    Returns:
        The map, float (N, 3, 3).

    Example:
        >>> import numpy as np
        >>> from sslzoo.augment.affine import rotation
        >>> half_turn = rotation(np.array([180.0], "float32"), 4, 4)[0]
        >>> np.abs(half_turn).round(3).tolist()
        [[1.0, 0.0, 4.0], [0.0, 1.0, 4.0], [0.0, 0.0, 1.0]]
    """
    angle = degrees * (math.pi / 180.0)
    cos, sin = ops.cos(angle), ops.sin(angle)
    x, y = width / 2.0, height / 2.0
    return _matrix(cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y)


def shear(along_x: Any, along_y: Any) -> Any:
    """Out of (x, y) comes (x + along_x * y, y + along_y * x): about the top left corner, as in the
    codes.

    Args:
        along_x, along_y: float (N,).

    Returns:
        The map, float (N, 3, 3).

    Example:
        >>> import numpy as np
        >>> from sslzoo.augment.affine import shear
        >>> np.asarray(shear(np.array([0.5], "float32"), np.array([0.0], "float32"))[0]).tolist()
        [[1.0, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    one, zero = ops.ones_like(along_x), ops.zeros_like(along_x)
    return _matrix(one, along_x, zero, along_y, one, zero)


def translation(along_x: Any, along_y: Any, height: int, width: int) -> Any:
    """By a share of the width and of the height; positive moves the image left and up, as in the
    codes.

    Args:
        along_x, along_y: float (N,).
        height, width: pixels.

    Returns:
        The map, float (N, 3, 3).

    Example:
        >>> import numpy as np
        >>> from sslzoo.augment.affine import translation
        >>> share = np.array([0.25], "float32")
        >>> np.asarray(translation(share, 0 * share, 8, 8)[0]).tolist()
        [[1.0, 0.0, 2.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    one, zero = ops.ones_like(along_x), ops.zeros_like(along_x)
    return _matrix(one, zero, along_x * width, zero, one, along_y * height)


def _matrix(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> Any:
    """The maps [[a, b, c], [d, e, f], [0, 0, 1]] of entries (N,): (N, 3, 3)."""
    zero, one = ops.zeros_like(a), ops.ones_like(a)
    entries = ops.stack([a, b, c, d, e, f, zero, zero, one], axis=-1)  # (N, 9)
    return ops.reshape(entries, (-1, 3, 3))


def affine(images: Any, matrix: Any) -> Any:
    """Sample each image through its map.

    Args:
        images: float (N, H, W, C).
        matrix: float (N, 3, 3), see above.

    Returns:
        float (N, H, W, C): the value of the pixel that the center of each output pixel falls on, 0
        outside the image.

    Example:
        >>> import numpy as np
        >>> from sslzoo.augment.affine import affine, translation
        >>> images = np.array([[1.0, 2.0], [3.0, 4.0]], "float32").reshape(1, 2, 2, 1)
        >>> half = np.array([0.5], "float32")
        >>> np.asarray(affine(images, translation(half, 0 * half, 2, 2)))[0, :, :, 0].tolist()
        [[2.0, 0.0], [4.0, 0.0]]
    """
    _, height, width, channels = images.shape
    x = ops.cast(ops.arange(width), "float32")[None, None, :] + 0.5  # (1, 1, W)
    y = ops.cast(ops.arange(height), "float32")[None, :, None] + 0.5  # (1, H, 1)
    m = matrix[:, :, :, None, None]  # (N, 3, 3, 1, 1)
    source_x = m[:, 0, 0] * x + m[:, 0, 1] * y + m[:, 0, 2]  # (N, H, W)
    source_y = m[:, 1, 0] * x + m[:, 1, 1] * y + m[:, 1, 2]
    # A frame of one zero pixel around each image: what is outside is clipped into it.
    column = ops.clip(ops.floor(source_x) + 1.0, 0.0, width + 1.0)
    row = ops.clip(ops.floor(source_y) + 1.0, 0.0, height + 1.0)
    framed = ops.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))  # (N, H + 2, W + 2, C)
    size = (height + 2) * (width + 2)
    first = ops.arange(ops.shape(images)[0], dtype="int32")[:, None, None] * size  # (N, 1, 1)
    pixel = first + ops.cast(row, "int32") * (width + 2) + ops.cast(column, "int32")  # (N, H, W)
    return ops.take(ops.reshape(framed, (-1, channels)), pixel, axis=0)
