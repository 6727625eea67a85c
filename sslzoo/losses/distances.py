"""Distances between all pairs of a batch: embeddings (N, D) -> matrix (N, N).

The matrix is zero on its diagonal, and exactly symmetric.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import backend, ops

from sslzoo.checks import one_of
from sslzoo.losses.normalize import at_least_float32, l2_normalize


def squared_euclidean(embeddings: Any) -> Any:
    """|x_i - x_j|^2: FaceNet's distance, there on embeddings of length 1.

    Schroff et al. 2015, arXiv:1503.03832. Computed as |x_i|^2 + |x_j|^2 - 2 x_i x_j around the mean
    of the batch: one (N, N) matrix and not (N, N, D). What that form cannot tell from zero is zero:
    less than 16 float roundings (2e-6) of |x_i|^2 + |x_j|^2, as of two equal rows.

    Args:
        embeddings: (N, D), any float dtype.

    Returns:
        (N, N) of float32 (float64 for float64 inputs): half precision is cast up first.

    Example:
        >>> import numpy as np
        >>> from sslzoo.losses.distances import squared_euclidean
        >>> np.asarray(squared_euclidean(np.array([[0.0], [3.0]], "float32"))).tolist()
        [[0.0, 9.0], [9.0, 0.0]]
    """
    x = at_least_float32(embeddings)
    x = x - ops.stop_gradient(ops.mean(x, axis=0))  # no distance changes, and far less cancels
    squares = ops.sum(ops.square(x), axis=-1)  # (N,)
    sums = squares[:, None] + squares[None, :]  # (N, N)
    distances = mean_of_both(sums - 2.0 * ops.matmul(x, ops.transpose(x)))
    noise = 16.0 * float(np.finfo(backend.standardize_dtype(x.dtype)).eps)
    return ops.where((distances > noise * sums) & off_diagonal(x), distances, 0.0)


def euclidean(embeddings: Any) -> Any:
    """|x_i - x_j|: the distance of Hadsell et al. 2006 and of Hermans et al. 2017.

    The latter, arXiv:1703.07737, found the squared one more prone to collapse.

    The gradient of a distance of 0 is 0. The usual remedy, sqrt(d + 1e-16), is none in float16,
    where 1e-16 is 0 and the gradient NaN. Here the root is only taken where it has a derivative.
    Args and returns as `squared_euclidean`.

    Example:
        >>> import numpy as np
        >>> from sslzoo.losses.distances import euclidean
        >>> np.asarray(euclidean(np.array([[0.0], [3.0]], "float32"))).tolist()
        [[0.0, 3.0], [3.0, 0.0]]
    """
    squares = squared_euclidean(embeddings)
    positive = squares > 0
    return ops.where(positive, ops.sqrt(ops.where(positive, squares, 1.0)), 0.0)


def cosine(embeddings: Any) -> Any:
    """1 - cos(x_i, x_j) in [0, 2], of embeddings of any length ("angular" in tensorflow-addons).

    It is half of `squared_euclidean` of the same embeddings at length 1. Args and returns as
    `squared_euclidean`.

    Example:
        >>> import numpy as np
        >>> from sslzoo.losses.distances import cosine
        >>> np.asarray(cosine(np.array([[1.0, 0.0], [0.0, 2.0]], "float32"))).tolist()
        [[0.0, 1.0], [1.0, 0.0]]
    """
    z = l2_normalize(embeddings)
    distances = mean_of_both(1.0 - ops.matmul(z, ops.transpose(z)))
    return ops.where((distances > 0) & off_diagonal(z), distances, 0.0)


def mean_of_both(matrix: Any) -> Any:
    """(N, N) -> the mean of the matrix and its transpose: exactly symmetric.

    A product x x^T is not. Some processors' kernels sum x_i x_j in another order than x_j x_i, and
    the two differ by a few float roundings of the terms. Addition gives the same in both orders.

    Example:
        >>> import numpy as np
        >>> from sslzoo.losses.distances import mean_of_both
        >>> np.asarray(mean_of_both(np.array([[0.0, 1.0], [3.0, 0.0]]))).tolist()
        [[0.0, 2.0], [2.0, 0.0]]
    """
    return 0.5 * (matrix + ops.transpose(matrix))


def off_diagonal(rows: Any) -> Any:
    """Booleans (N, N) of a tensor (N, ...): true for the pairs of two different rows.

    Example:
        >>> import numpy as np
        >>> from sslzoo.losses.distances import off_diagonal
        >>> np.asarray(off_diagonal(np.zeros((2, 5)))).tolist()
        [[False, True], [True, False]]
    """
    return ops.logical_not(ops.eye(ops.shape(rows)[0], dtype="bool"))


DISTANCES = {"squared_euclidean": squared_euclidean, "euclidean": euclidean, "cosine": cosine}


def named(kind: str, value: Any, table: dict[str, Callable]) -> Callable:
    """`value` if it is a function, or what the table has under that name.

    Args:
        kind: of the argument, as an error calls it.

    Raises:
        ValueError: an unknown name; the error suggests the nearest.

    Example:
        >>> from sslzoo.losses.distances import DISTANCES, named
        >>> named("distance", "cosine", DISTANCES).__name__
        'cosine'
    """
    if callable(value):
        return value
    return table[one_of(kind, value, table)]
