"""Colour jitter, grayscale and solarisation of a batch, each image with its own parameters.

In YIQ (luma Y, chroma I and Q) saturation scales the chroma plane and hue rotates it; both leave Y.
So they commute with each other, with brightness (a scalar) and with contrast about the mean colour.
Hence the papers' random order
would change nothing here: the product is one 3 x 3 matrix and one offset per image, clipped once,
where their code clips after each step. Google's code changes saturation and hue in HSV, which is
not linear; torchvision blends with the luma for saturation, as here, and turns hue in HSV. The
direction and the unit of hue (turns) are the same; a shift of .1 lands within .05 of where HSV puts
it.
"""

import math

import numpy as np
from keras import ops

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as tf.image.rgb_to_grayscale and PIL
# NTSC 1953, rounded so that the rows of I and Q sum to 0: grey stays grey.
_YIQ = np.array([LUMA, (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112)])
# In RGB: the projection on grey, the projection on chroma, and the quarter turn of chroma from red
# towards green.
_TO_GREY = np.tile(LUMA, (3, 1))
_TO_CHROMA = np.eye(3) - _TO_GREY
_QUARTER_TURN = np.linalg.inv(_YIQ) @ np.array([[0, 0, 0], [0, 0, 1], [0, -1, 0]]) @ _YIQ


def colour_matrix(brightness, saturation, hue):
    """Brightness, saturation and hue together.

    Args:
        brightness, saturation: float (N,), factors; 1 changes nothing, saturation 0 is grayscale.
        hue: float (N,), in turns; 0 changes nothing.

    Returns:
        float32 (N, 3, 3): `rgb_out = matrix @ rgb_in`.
    """
    grey, chroma, turn = (
        ops.convert_to_tensor(m, dtype="float32") for m in (_TO_GREY, _TO_CHROMA, _QUARTER_TURN)
    )
    brightness, saturation, angle = (
        a[:, None, None] for a in (brightness, saturation, 2.0 * math.pi * hue)
    )
    return brightness * (grey + saturation * (ops.cos(angle) * chroma + ops.sin(angle) * turn))


def colour_jitter(images, brightness, contrast, saturation, hue):
    """Change the colours of each image; one set of factors per image.

    Brightness multiplies; contrast scales the distance from the image's mean colour (as
    `tf.image.adjust_contrast`); saturation scales the distance from the luma; hue rotates the
    chroma.

    Args:
        images: float (N, H, W, 3) in [0, 1].
        brightness, contrast, saturation: float (N,), factors; 1 changes nothing, saturation 0 is
        grayscale.
        hue: float (N,), in turns; 0 changes nothing.

    Returns:
        float (N, H, W, 3), clipped to [0, 1].
    """
    _, height, width, channels = ops.shape(images)
    pixels = ops.reshape(images, (-1, height * width, channels))
    mean = ops.mean(pixels, axis=1, keepdims=True)
    transposed = ops.transpose(colour_matrix(brightness, saturation, hue), (0, 2, 1))
    contrast = contrast[:, None, None]
    pixels = ops.matmul(pixels, contrast * transposed) + ops.matmul(
        (1.0 - contrast) * mean, transposed
    )
    return ops.reshape(ops.clip(pixels, 0.0, 1.0), (-1, height, width, channels))


def solarise(images, threshold):
    """Invert every value that is not below the threshold.

    Args:
        images: float (N, H, W, C) in [0, 1].
        threshold: float (N,); .5 is the papers' value; above 1 nothing is inverted.

    Returns:
        float (N, H, W, C) in [0, 1].
    """
    return ops.where(images < threshold[:, None, None, None], images, 1.0 - images)
