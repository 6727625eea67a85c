"""Color jitter, grayscale and solarization of a batch, each image with its own parameters.

In YIQ (luma Y, chroma I and Q) saturation scales the chroma plane and hue rotates it; both leave Y.
So they commute with each other, with brightness (a scalar) and with contrast about the mean color.
Hence the papers' random order would change nothing here: the product is one 3 x 3 matrix and one
offset per image, clipped once, where their code clips after each step.

Google's code changes saturation and hue in HSV, which is not linear. torchvision blends with the
luma for saturation, as here, and turns hue in HSV. The direction and the unit of hue (turns) are
the same; a shift of 0.1 lands within 0.05 of where HSV puts it.
"""

import math
from typing import Any

import numpy as np
from keras import ops

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as tf.image.rgb_to_grayscale and PIL
# NTSC 1953, rounded so that the rows of I and Q sum to 0: gray stays gray.
_YIQ = np.array([LUMA, (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112)])
# In RGB: the projection on gray, the projection on chroma, and the quarter turn of chroma from red
# toward green.
_TO_GRAY = np.tile(LUMA, (3, 1))
_TO_CHROMA = np.eye(3) - _TO_GRAY
_QUARTER_TURN = np.linalg.inv(_YIQ) @ np.array([[0, 0, 0], [0, 0, 1], [0, -1, 0]]) @ _YIQ


def color_matrix(brightness: Any, saturation: Any, hue: Any) -> Any:
    """Brightness, saturation and hue together.

    Args:
        brightness, saturation: float (N,), factors; 1 changes nothing, saturation 0 is grayscale.
        hue: float (N,), in turns; 0 changes nothing.

    Returns:
        float32 (N, 3, 3): `rgb_out = matrix @ rgb_in`.

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment
        >>> one = np.ones(1, "float32")
        >>> round(float(augment.color_matrix(one, 0 * one, 0 * one)[0, 0, 1]), 3)
        0.587
    """
    gray = ops.convert_to_tensor(_TO_GRAY, dtype="float32")
    chroma = ops.convert_to_tensor(_TO_CHROMA, dtype="float32")
    turn = ops.convert_to_tensor(_QUARTER_TURN, dtype="float32")
    brightness, saturation = brightness[:, None, None], saturation[:, None, None]  # (N, 1, 1)
    angle = (2.0 * math.pi * hue)[:, None, None]
    return brightness * (gray + saturation * (ops.cos(angle) * chroma + ops.sin(angle) * turn))


def color_jitter(images: Any, brightness: Any, contrast: Any, saturation: Any, hue: Any) -> Any:
    """Change the colors of each image; one set of factors per image.

    Brightness multiplies. Contrast scales the distance from the image's mean color (as
    `tf.image.adjust_contrast`). Saturation scales the distance from the luma. Hue rotates the
    chroma.

    Args:
        images: float (N, H, W, 3) in [0, 1].
        brightness, contrast, saturation: float (N,), factors; 1 changes nothing, saturation 0 is
            grayscale.
        hue: float (N,), in turns; 0 changes nothing.

    Returns:
        float (N, H, W, 3), clipped to [0, 1].

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment
        >>> one, gray = np.ones(1, "float32"), np.full((1, 2, 2, 3), 0.5, "float32")
        >>> darker = augment.color_jitter(gray, 0.5 * one, one, one, 0 * one)
        >>> round(float(darker[0, 0, 0, 0]), 3)
        0.25
    """
    _, height, width, channels = ops.shape(images)
    pixels = ops.reshape(images, (-1, height * width, channels))  # (N, H*W, 3)
    mean = ops.mean(pixels, axis=1, keepdims=True)  # (N, 1, 3)
    transposed = ops.transpose(color_matrix(brightness, saturation, hue), (0, 2, 1))
    contrast = contrast[:, None, None]
    offset = ops.matmul((1.0 - contrast) * mean, transposed)  # (N, 1, 3)
    pixels = ops.matmul(pixels, contrast * transposed) + offset
    return ops.reshape(ops.clip(pixels, 0.0, 1.0), (-1, height, width, channels))


def solarize(images: Any, threshold: Any) -> Any:
    """Invert every value that is not below the threshold.

    Args:
        images: float (N, H, W, C) in [0, 1].
        threshold: float (N,); 0.5 is the papers' value; above 1 nothing is inverted.

    Returns:
        float (N, H, W, C) in [0, 1].

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment
        >>> images = np.array([0.25, 0.75], "float32").reshape(1, 1, 2, 1)
        >>> np.asarray(augment.solarize(images, np.array([0.5], "float32"))).ravel().tolist()
        [0.25, 0.25]
    """
    return ops.where(images < threshold[:, None, None, None], images, 1.0 - images)
