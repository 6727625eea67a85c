"""Rotation, shear and translation of a batch, each image with its own, composed and sampled once.

A map is a matrix (N, 3, 3) from pixels of the output to pixels of the input, (x, y, 1) with pixel j
covering [j, j + 1]: what `PIL.Image.transform(AFFINE)` takes. Out of A first and B after it becomes
the map A @ B, so that any number of them costs one sampling and blurs nothing. The sampling is
nearest, as PIL's default, which the codes of FixMatch and TorchSSL use: one gather, the same code
on every backend (bilinear takes four and measured a third of the speed).
"""

import math

from keras import ops


def rotation(degrees, height, width):
    """About the centre of the image, counter-clockwise, as `PIL.Image.rotate`; degrees: float
    (N,).
    """
    angle = degrees * (math.pi / 180.0)
    cos, sin = ops.cos(angle), ops.sin(angle)
    x, y = width / 2.0, height / 2.0
    return _matrix(cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y)


def shear(along_x, along_y):
    """Out of (x, y) comes (x + along_x * y, y + along_y * x): about the top left corner, as in the
    codes; float (N,).
    """
    one, zero = ops.ones_like(along_x), ops.zeros_like(along_x)
    return _matrix(one, along_x, zero, along_y, one, zero)


def translation(along_x, along_y, height, width):
    """By a share of the width and of the height, float (N,); positive moves the image left and up,
    as in the codes.
    """
    one, zero = ops.ones_like(along_x), ops.zeros_like(along_x)
    return _matrix(one, zero, along_x * width, zero, one, along_y * height)


def _matrix(a, b, c, d, e, f):
    zero, one = ops.zeros_like(a), ops.ones_like(a)
    return ops.reshape(ops.stack([a, b, c, d, e, f, zero, zero, one], axis=-1), (-1, 3, 3))


def affine(images, matrix):
    """Sample each image through its map.

    Args:
        images: float (N, H, W, C).
        matrix: float (N, 3, 3), see above.

    Returns:
        float (N, H, W, C): the value of the pixel that the centre of each output pixel falls on, 0
        outside the image.
    """
    _, height, width, channels = images.shape
    x = ops.cast(ops.arange(width), "float32")[None, None, :] + 0.5
    y = ops.cast(ops.arange(height), "float32")[None, :, None] + 0.5
    a, b, c, d, e, f = (
        matrix[:, row, column, None, None] for row in range(2) for column in range(3)
    )
    # A frame of one zero pixel around each image: what is outside is clipped into it.
    column = ops.clip(ops.floor(a * x + b * y + c) + 1.0, 0.0, width + 1.0)
    row = ops.clip(ops.floor(d * x + e * y + f) + 1.0, 0.0, height + 1.0)
    framed = ops.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    size = (height + 2) * (width + 2)
    first = ops.arange(ops.shape(images)[0], dtype="int32")[:, None, None] * size
    pixel = first + ops.cast(row, "int32") * (width + 2) + ops.cast(column, "int32")
    return ops.take(ops.reshape(framed, (-1, channels)), pixel, axis=0)
