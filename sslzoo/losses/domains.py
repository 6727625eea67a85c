"""Distances between the distributions of two samples: x (..., N, D) and y (..., M, D).

All axes before the last two stand for separate pairs of samples: hidden states (T, N, D) of two
periods give one distance for each time step (T,). Gradients reach both samples.
"""

from typing import Any

from keras import ops

from sslzoo.checks import one_of, refused
from sslzoo.losses.normalize import at_least_float32, l2_normalize

KERNELS = ("rbf", "linear")
BANDWIDTHS = 5  # of the Gaussian kernels, each twice the one before
EPSILON = 1e-12  # the least bandwidth: samples that are all alike have none


def mmd(x: Any, y: Any, kernel: str = "rbf") -> Any:
    """The squared maximum mean discrepancy, its biased estimate (Gretton et al. 2012, "A Kernel
    Two-Sample Test", JMLR 13, equation 5).

    mean k(x, x') + mean k(y, y') - 2 mean k(x, y), each over all pairs, those of a row with itself
    included: never below 0, and 0 for equal samples.

    "linear": k(a, b) = a b, so that it is |mean(x) - mean(y)|^2.
    "rbf": k(a, b) = sum_i exp(-|a - b|^2 / s_i), i = -2..2, s_i = 2^i s, with s the mean squared
    distance of two different rows of both samples. s is a constant for the gradient. These are the
    five kernels of DAN (Long et al. 2015, arXiv:1502.02791) in DeepDA
    (jindongwang/transferlearning). AdaRNN's official code averages the same kernels where no
    gradient is taken, so that its "mmd_rbf" trains nothing.

    Args:
        x: (..., N, D), any float dtype.
        y: (..., M, D).
        kernel: one of `KERNELS`.

    Returns:
        (...) of at least float32: half precision is cast up first. Memory: (..., N + M, N + M).

    Raises:
        ValueError: shapes that do not fit, an unknown kernel.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> float(losses.mmd(np.zeros((3, 2)), np.ones((5, 2)), kernel="linear"))
        2.0
    """
    one_of("kernel", kernel, KERNELS)
    x, y = _samples(x, y)
    if kernel == "linear":
        return ops.sum(ops.square(ops.mean(x, axis=-2) - ops.mean(y, axis=-2)), axis=-1)
    both = ops.concatenate([x, y], axis=-2)  # (..., N + M, D)
    # No distance changes around the mean, and far less cancels.
    both = both - ops.stop_gradient(ops.mean(both, axis=-2, keepdims=True))
    squares = ops.sum(ops.square(both), axis=-1)  # (..., N + M)
    products = ops.matmul(both, ops.swapaxes(both, -1, -2))
    distances = squares[..., :, None] + squares[..., None, :] - 2.0 * products
    distances = ops.maximum(distances, 0.0)
    count = ops.cast(ops.shape(both)[-2], distances.dtype)
    mean = ops.sum(distances, axis=(-2, -1), keepdims=True) / (count * (count - 1.0))
    bandwidth = ops.maximum(ops.stop_gradient(mean), EPSILON)
    powers = [2.0 ** (i - BANDWIDTHS // 2) for i in range(BANDWIDTHS)]
    similarity = sum(ops.exp(-distances / (power * bandwidth)) for power in powers)
    rows = ops.shape(x)[-2]
    within = _mean(similarity[..., :rows, :rows]) + _mean(similarity[..., rows:, rows:])
    return within - 2.0 * _mean(similarity[..., :rows, rows:])


def coral(x: Any, y: Any) -> Any:
    """CORAL: |cov(x) - cov(y)|_F^2 / (4 D^2) (Sun & Saenko 2016, "Deep CORAL", arXiv:1607.01719,
    equation 1). Covariances are unbiased, divided by N - 1 and M - 1.

    It compares how features vary together. Samples that differ in their mean alone are at 0.

    Args:
        x: (..., N, D), N at least 2.
        y: (..., M, D), M at least 2.

    Returns:
        (...) of at least float32.

    Raises:
        ValueError: shapes that do not fit.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> float(losses.coral(np.array([[0.0], [2.0]]), np.array([[5.0], [5.0]])))
        1.0
    """
    x, y = _samples(x, y)
    difference = _covariance(x) - _covariance(y)  # (..., D, D)
    return ops.sum(ops.square(difference), axis=(-2, -1)) / (4.0 * x.shape[-1] ** 2)


def mean_cosine(x: Any, y: Any) -> Any:
    """1 - cos(mean(x), mean(y)), in [0, 2]: the default distance of AdaRNN's official code
    (jindongwang/transferlearning, code/deep/adarnn).

    Args:
        x: (..., N, D).
        y: (..., M, D).

    Returns:
        (...) of at least float32.

    Raises:
        ValueError: shapes that do not fit.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> float(losses.mean_cosine(np.array([[1.0, 0.0]]), np.array([[0.0, 3.0]])))
        1.0
    """
    x, y = _samples(x, y)
    x, y = l2_normalize(ops.mean(x, axis=-2)), l2_normalize(ops.mean(y, axis=-2))
    return 1.0 - ops.sum(x * y, axis=-1)


def _linear(x, y):
    return mmd(x, y, kernel="linear")


# By the names of AdaRNN's official code. Its "adv" is left out: it makes a new, untrained
# discriminator on every call.
DOMAIN_DISTANCES = {"mmd": _linear, "mmd_rbf": mmd, "coral": coral, "cosine": mean_cosine}


def _samples(x, y):
    x, y = at_least_float32(x), at_least_float32(y)
    fits = len(x.shape) == len(y.shape) >= 2 and x.shape[-1] == y.shape[-1]
    if not fits or tuple(x.shape[:-2]) != tuple(y.shape[:-2]):
        got = f"shapes {tuple(x.shape)} and {tuple(y.shape)}"
        raise refused("x and y", got, "be (..., N, D) and (..., M, D)")
    return x, y


def _covariance(x):
    x = x - ops.mean(x, axis=-2, keepdims=True)
    rows = ops.cast(ops.shape(x)[-2], x.dtype)
    return ops.matmul(ops.swapaxes(x, -1, -2), x) / (rows - 1.0)


def _mean(matrix):
    return ops.mean(matrix, axis=(-2, -1))
