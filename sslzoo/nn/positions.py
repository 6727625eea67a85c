"""Positions of the patches of a vision transformer: fixed ones, and those of another size."""

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import one_of, refused

RESIZING = ("bicubic", "dino", "antialias")


def sincos_positions(rows: int, columns: int, dim: int, rows_first: bool = False) -> NDArray:
    """Sines and cosines of the place of each patch, (rows * columns, dim), float32.

    For a place p, the frequencies are 10000^(-4 k / dim), k = 0 to dim / 4 - 1. A row is
    [sin(p1), cos(p1), sin(p2), cos(p2)] of all frequencies.

    Args:
        rows_first: whether p1 is the row, as in MoCo v3 (Chen et al. 2021, arXiv:2104.02057).
            Otherwise p1 is the column, as in MAE (He et al. 2022, arXiv:2111.06377).

    Raises:
        ValueError: a dim that is no multiple of 4.

    Example:
        >>> from sslzoo.nn.positions import sincos_positions
        >>> sincos_positions(2, 2, 4)[1].round(2).tolist()
        [0.8399999737739563, 0.5400000214576721, 0.0, 1.0]
    """
    if dim % 4:
        raise refused("dim", dim, "be a multiple of 4")
    frequencies = 10000.0 ** (-4.0 * np.arange(dim // 4) / dim)  # (dim/4,)
    places = np.indices((rows, columns)).reshape(2, -1, 1) * frequencies  # (2, rows*columns, dim/4)
    first, second = places if rows_first else places[::-1]
    parts = [np.sin(first), np.cos(first), np.sin(second), np.cos(second)]
    return np.concatenate(parts, axis=1).astype("float32")


def resize_matrix(size_in: int, size_out: int, rule: str = "bicubic") -> NDArray:
    """The matrix (size_out, size_in), float32, by which `torch.nn.functional.interpolate` resizes
    an axis of positions.

    Args:
        rule: "bicubic", by the two sizes (MAE). "dino", by the factor (size_out + 0.1) / size_in,
            which moves the samples a little (DINO, iBOT, DINOv2 without registers; equal sizes
            change nothing). "antialias", as Pillow (DINOv2 with registers). The kernel is Keys'
            with a = -3/4, and -1/2 for "antialias".

    Raises:
        ValueError: another rule.

    Example:
        >>> from sslzoo.nn.positions import resize_matrix
        >>> resize_matrix(2, 4).round(3)[0].tolist()
        [1.1050000190734863, -0.10499999672174454]
    """
    one_of("rule", rule, RESIZING)
    if size_in == size_out:
        return np.eye(size_in, dtype="float32")
    factor = (size_out + 0.1) / size_in if rule == "dino" else size_out / size_in
    centers = (np.arange(size_out) + 0.5) / factor - 0.5
    if rule == "antialias":
        stretch = max(1.0, 1.0 / factor)
        distances = np.abs(np.arange(size_in) - centers[:, None]) / stretch
        weights = _keys(distances, -0.5)  # (size_out, size_in)
        return (weights / weights.sum(axis=1, keepdims=True)).astype("float32")
    matrix = np.zeros((size_out, size_in))
    first = np.floor(centers).astype(int) - 1
    for tap in range(4):  # what lies outside is the border's value
        inside = np.clip(first + tap, 0, size_in - 1)
        weights = _keys(np.abs(first + tap - centers), -0.75)
        np.add.at(matrix, (np.arange(size_out), inside), weights)
    return matrix.astype("float32")


def _keys(d: NDArray, a: float) -> NDArray:
    """Keys' cubic kernel at distances d >= 0."""
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = a * (((d - 5) * d + 8) * d - 4)
    return np.where(d < 1, near, np.where(d < 2, far, 0.0))
