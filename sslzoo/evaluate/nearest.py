"""The nearest rows of a bank, by scikit-learn. kNN, retrieval, adaptation and pictures use them."""

from collections.abc import Iterator

from numpy.typing import NDArray

HELD = 2**20  # neighbors held at once, but never fewer than one query's; 16 bytes each


def nearest(bank: NDArray, queries: NDArray, k: int) -> Iterator[tuple[NDArray, NDArray]]:
    """Some queries at a time: (distances, rows), both (q, k), the nearest first.

    Which of equally near rows come is not defined. Of rows of length 1, the nearest by Euclidean
    distance are the most similar by cosine: similarity = 1 - distance^2 / 2.

    Args:
        bank: (N, D). queries: (Q, D).
        k: 1..N.

    >>> [(distances, rows)] = nearest([[0.0], [3.0]], [[2.0]], 2)
    >>> distances.tolist(), rows.tolist()
    ([[1.0, 2.0]], [[1, 0]])
    """
    from sklearn.neighbors import NearestNeighbors

    finder = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(bank)
    step = max(1, HELD // k)
    for start in range(0, len(queries), step):
        yield finder.kneighbors(queries[start : start + step])


def without(rows: NDArray, own: NDArray) -> NDArray:
    """Which of rows (Q, k + 1) to keep so that `own` (Q,) is left out: k of each.

    A query that is not among its own neighbors, because others are equally near, loses the last.

    >>> import numpy as np
    >>> without(np.array([[4, 0], [5, 6]]), np.array([0, 1])).tolist()
    [[True, False], [True, False]]
    """
    left_out = rows == own[:, None]
    left_out[~left_out.any(axis=1), -1] = True
    return ~left_out
