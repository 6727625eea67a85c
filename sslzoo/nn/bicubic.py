"""Bicubic resizing as Pillow does it: one matrix per axis, applied by matrix products on the
device.
"""

from typing import Any

import keras
from keras import ops

from sslzoo.inputs.resize import axis_matrix


def bicubic_matrix(size_in: Any, size_out: Any) -> Any:
    """The matrix (size_out, size_in), float32, that resizes an axis as Pillow's `Image.resize(...,
    BICUBIC)` does.

    Keys 1981, "Cubic Convolution Interpolation for Digital Image Processing", with a = -1/2
    (Pillow, Resample.c; MATLAB's `imresize` has the same a and other borders):
        k(d) = (a + 2) |d|^3 - (a + 3) |d|^2 + 1 for |d| < 1, a (|d|^3 - 5 |d|^2 + 8 |d| - 4) for
        |d| < 2, else 0.
    Pixel centers lie at (i + 1/2) / size. On shrinking the kernel is stretched by size_in /
    size_out (antialiasing). A kernel that leaves the image keeps the part inside, scaled to a sum
    of 1.

    Args:
        size_in, size_out: pixels, integers or scalar integer tensors; their product below 2^30.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> bool(np.allclose(nn.bicubic_matrix(3, 3), np.eye(3)))
        True
    """
    return axis_matrix(size_in, size_out, "bicubic")


def bicubic(images: Any, height: Any, width: Any) -> Any:
    """Resize images (N, H, W, C) to (N, height, width, C) by Pillow's bicubic.

    Integers mean 0..255 and come back as uint8, rounded and clipped after each axis, width first,
    as Pillow's 8-bit images (Pillow 13 takes the height first where it shrinks by more). Floats
    come back as float32, neither rounded nor clipped, as Pillow's mode "F": overshoots leave the
    range.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> tuple(nn.bicubic(np.zeros((1, 8, 8, 3), "uint8"), 4, 6).shape)
        (1, 4, 6, 3)
    """
    whole = "int" in keras.backend.standardize_dtype(images.dtype)
    x = ops.cast(images, "float32")
    for axis, size in ((2, width), (1, height)):
        matrix = bicubic_matrix(ops.shape(x)[axis], size)  # (size, old size)
        x = ops.swapaxes(ops.matmul(matrix, ops.swapaxes(x, axis, 2)), axis, 2)
        if whole:
            x = ops.clip(ops.floor(x + 0.5), 0.0, 255.0)
    return ops.cast(x, "uint8") if whole else x


@keras.saving.register_keras_serializable("sslzoo")
class BicubicUpsampling(keras.layers.Layer):
    """Float images (N, H, W, C) of any size -> (N, scale * H, scale * W, C), float32 under any
    precision policy.

    Args:
        scale: factor of both sides.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> tuple(nn.BicubicUpsampling(2)(np.zeros((1, 4, 6, 3), "float32")).shape)
        (1, 8, 12, 3)
    """

    def __init__(self, scale: int, **kwargs: Any) -> None:
        super().__init__(**kwargs | {"dtype": "float32"})
        self.scale = scale

    def call(self, images: Any) -> Any:
        _, height, width, _ = ops.shape(images)
        return bicubic(images, self.scale * height, self.scale * width)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return enlarged(input_shape, self.scale)

    def get_config(self) -> dict:
        return super().get_config() | {"scale": self.scale}


def enlarged(shape: tuple, factor: int) -> tuple:
    """The shape (N, factor H, factor W, C) of images (N, H, W, C); sides that are None stay None.

    >>> enlarged((None, 4, None, 3), 2)
    (None, 8, None, 3)
    """
    count, height, width, channels = shape
    height = None if height is None else factor * height
    width = None if width is None else factor * width
    return (count, height, width, channels)
