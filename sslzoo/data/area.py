"""Shrinking by area: every new pixel is the mean of exactly what it covers, fractions of pixels
included.
"""

import numpy as np
from numpy.typing import NDArray


def shrink(images: NDArray, height: int, width: int) -> NDArray[np.float32]:
    """Images (N, H, W, ...) of any dtype -> float32 (N, height, width, ...), in the values of the
    input.

    >>> shrink(np.array([[[0, 2], [4, 6]]]), 1, 1)
    array([[[3.]]], dtype=float32)
    """
    along_y = _parts(images.shape[1], height)
    along_x = _parts(images.shape[2], width)
    columns = np.tensordot(along_y, images.astype("float32"), (1, 1))  # (height, N, W, ...)
    return np.tensordot(along_x, columns, (1, 2)).swapaxes(0, 2)


def _parts(size_in, size_out):
    """The mean over each of `size_out` equal parts of an axis of `size_in` pixels: float32
    (size_out, size_in).
    """
    edges = np.linspace(0, size_in, size_out + 1)
    pixel = np.arange(size_in)
    overlap = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return (np.maximum(overlap, 0) * size_out / size_in).astype("float32")
