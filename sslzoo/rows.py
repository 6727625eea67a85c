"""Arithmetic on rows that layers far apart share. Imports NumPy alone."""

import numpy as np
from numpy.typing import NDArray

SHORTEST = 1e-12  # a row shorter than this is divided by it


def unit_rows(rows: NDArray) -> NDArray:
    """Rows (..., D) of floats at length 1, of the same dtype. A zero row stays zero.

    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), SHORTEST)
