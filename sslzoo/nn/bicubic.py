"""Bicubic resizing as Pillow does it: one matrix per axis, applied by matrix products on the
device.
"""

import keras
from keras import ops


def bicubic_matrix(size_in, size_out):
    """The matrix (size_out, size_in), float32, that resizes an axis as Pillow's `Image.resize(...,
    BICUBIC)` does.

    Keys 1981, "Cubic Convolution Interpolation for Digital Image Processing", with a = -1/2
    (Pillow, Resample.c; MATLAB's `imresize` has the same a and other borders):
        k(d) = (a + 2) |d|^3 - (a + 3) |d|^2 + 1 for |d| < 1, a (|d|^3 - 5 |d|^2 + 8 |d| - 4) for
        |d| < 2, else 0.
    Pixel centres lie at (i + 1/2) / size. On shrinking the kernel is stretched by size_in /
    size_out (antialiasing). A kernel that leaves the image keeps the part inside, scaled to a sum
    of 1.

    Args:
        size_in, size_out: pixels, integers or scalar integer tensors; their product below 2^30.
    """
    # Twice the distance of two centres, in units of 1 / (size_in * size_out): whole numbers, exact
    # at any size.
    out = (2 * ops.arange(size_out, dtype="int32") + 1)[:, None]
    inside = (2 * ops.arange(size_in, dtype="int32") + 1)[None, :]
    numerator = ops.cast(inside * size_out - out * size_in, "float32")
    d = ops.abs(numerator) / ops.cast(2 * ops.maximum(size_in, size_out), "float32")
    near = (1.5 * d - 2.5) * d * d + 1.0
    far = ((-0.5 * d + 2.5) * d - 4.0) * d + 2.0
    weights = ops.where(d < 1.0, near, ops.where(d < 2.0, far, 0.0))
    return weights / ops.sum(weights, axis=1, keepdims=True)


def bicubic(images, height, width):
    """Resize images (N, H, W, C) to (N, height, width, C) by Pillow's bicubic.

    Integers mean 0..255 and come back as uint8, rounded and clipped after each axis, width first,
    as Pillow's 8-bit images (Pillow 13 takes the height first where it shrinks by more). Floats
    come back as float32, neither rounded nor clipped, as Pillow's mode "F": overshoots leave the
    range.
    """
    whole = "int" in keras.backend.standardize_dtype(images.dtype)
    x = ops.cast(images, "float32")
    for axis, size in ((2, width), (1, height)):
        matrix = bicubic_matrix(ops.shape(x)[axis], size)
        x = ops.swapaxes(ops.matmul(matrix, ops.swapaxes(x, axis, 2)), axis, 2)
        if whole:
            x = ops.clip(ops.floor(x + 0.5), 0.0, 255.0)
    return ops.cast(x, "uint8") if whole else x


@keras.saving.register_keras_serializable("sslzoo")
class BicubicUpsampling(keras.layers.Layer):
    """Float images (N, H, W, C) of any size -> (N, scale * H, scale * W, C), float32 under any
    precision policy.
    """

    def __init__(self, scale, **kwargs):
        super().__init__(**kwargs | {"dtype": "float32"})
        self.scale = scale

    def call(self, images):
        _, height, width, _ = ops.shape(images)
        return bicubic(images, self.scale * height, self.scale * width)

    def compute_output_shape(self, input_shape):
        n, height, width, channels = input_shape
        return (n, *(side and self.scale * side for side in (height, width)), channels)

    def get_config(self):
        return super().get_config() | {"scale": self.scale}
