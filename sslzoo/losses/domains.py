"""Distances between the distributions of two samples: x (..., N, D) and y (..., M, D).

All axes before the last two stand for separate pairs of samples: hidden states (T, N, D) of two
periods give one distance for each time step (T,). Gradients reach both samples.
"""

import math
from typing import Any

from keras import ops

from sslzoo.checks import one_of, refused
from sslzoo.losses.normalize import at_least_float32, l2_normalize

KERNELS = ("rbf", "linear")
ESTIMATES = ("biased", "unbiased")
BANDWIDTHS = 5  # of the Gaussian kernels, each twice the one before
EPSILON = 1e-12  # the least bandwidth: samples that are all alike have none


def mmd(x: Any, y: Any, kernel: str = "rbf", estimate: str = "biased") -> Any:
    """The squared maximum mean discrepancy (Gretton et al. 2012, "A Kernel Two-Sample Test", JMLR
    13, equations 5 and 3).

    mean k(x, x') + mean k(y, y') - 2 mean k(x, y). "biased" takes each mean over all pairs, those
    of a row with itself included: never below 0, and 0 for equal samples. "unbiased" leaves these
    pairs out: right in the mean over samples, and below 0 now and then.

    "linear": k(a, b) = a b, so that the biased estimate is |mean(x) - mean(y)|^2.
    "rbf": k(a, b) = sum_i exp(-|a - b|^2 / s_i), i = -2..2, s_i = 2^i s, with s the mean squared
    distance of two different rows of both samples. s is a constant for the gradient. These are the
    five kernels of DAN (Long et al. 2015, arXiv:1502.02791) in DeepDA
    (jindongwang/transferlearning). AdaRNN's official code averages the same kernels where no
    gradient is taken, so that its "mmd_rbf" trains nothing.

    Args:
        x: (..., N, D), any float dtype; N at least 2 for "unbiased".
        y: (..., M, D), M at least 2 for "unbiased".
        kernel: one of `KERNELS`.
        estimate: one of `ESTIMATES`. Default: "biased", which all the methods' codes have.

    Returns:
        (...) of at least float32: half precision is cast up first. Memory: (..., N + M, N + M).

    Raises:
        ValueError: shapes that do not fit, an unknown kernel or estimate.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> float(losses.mmd(np.zeros((3, 2)), np.ones((5, 2)), kernel="linear"))
        2.0
    """
    one_of("kernel", kernel, KERNELS)
    one_of("estimate", estimate, ESTIMATES)
    x, y = _samples(x, y)
    if (kernel, estimate) == ("linear", "biased"):
        return ops.sum(ops.square(ops.mean(x, axis=-2) - ops.mean(y, axis=-2)), axis=-1)
    both = _centered(x, y)  # (..., N + M, D)
    similarity = _gaussians(both) if kernel == "rbf" else _products(both)
    rows = ops.shape(x)[-2]
    mean = _mean if estimate == "biased" else _mean_of_others
    within = mean(similarity[..., :rows, :rows]) + mean(similarity[..., rows:, rows:])
    return within - 2.0 * _mean(similarity[..., :rows, rows:])


def lmmd(x: Any, y: Any, labels: Any, probabilities: Any) -> Any:
    """The local maximum mean discrepancy: MMD of each class, their mean (Zhu et al. 2021, "Deep
    Subdomain Adaptation Network for Image Classification", arXiv:2106.09388, equation 6).

    1/C sum_c |sum_i w_ic phi(x_i) - sum_j v_jc phi(y_j)|^2, with the five kernels of `mmd`. w_ic is
    the share of row i in the labels of class c, v_jc that of row j in the probabilities of class c.

    C counts the classes that have a label in x and a row of y that is most likely of them, as in
    the official code (easezyc/deep-transfer-learning, DSAN). Others are left out. It is 0 where no
    class is left. Probabilities are constants.

    Args:
        x: (N, D) of the source, any float dtype.
        y: (M, D) of the target.
        labels: integers (N,).
        probabilities: (M, C) of the classes of y, rows sum to 1.

    Returns:
        A scalar of at least float32, never below 0 but for rounding.

    Raises:
        ValueError: shapes that do not fit.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> x, labels = np.array([[0.0], [1.0]]), np.array([0, 1])
        >>> float(losses.lmmd(x, x, labels, np.eye(2)))
        0.0
    """
    x, y = _samples(x, y)
    shares = at_least_float32(ops.stop_gradient(probabilities))  # (M, C)
    guesses = ops.one_hot(ops.argmax(shares, axis=-1), shares.shape[-1], dtype=x.dtype)
    known = ops.one_hot(labels, shares.shape[-1], dtype=x.dtype)  # (N, C)
    common = ops.any(known > 0, axis=0) & ops.any(guesses > 0, axis=0)
    common = ops.cast(common, x.dtype)  # (C,)
    weights = [_columns(known), -_columns(ops.cast(shares, x.dtype))]
    weights = common * ops.concatenate(weights, axis=0)  # (N + M, C)
    similarity = _gaussians(_centered(x, y))  # (N + M, N + M)
    return ops.sum(weights * (similarity @ weights)) / ops.maximum(ops.sum(common), 1.0)


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


def adversarial_distance(x_logits: Any, y_logits: Any) -> Any:
    """How well a discriminator tells two samples apart: ln 2 less its mean cross-entropy.

    ln 2 - 1/2 (mean -log sigmoid(x_logits) + mean -log(1 - sigmoid(y_logits)))

    With the best discriminator it is the Jensen-Shannon divergence (Goodfellow et al. 2014,
    arXiv:1406.2661, theorem 1): 0 where the samples cannot be told apart, at most ln 2. With a bad
    one it is below 0.

    The gradient is that of the game. It is the gradient of the cross-entropy, which the
    discriminator lowers. Give it samples behind `sslzoo.nn.reverse_gradient`: they lower the
    distance.

    Args:
        x_logits: (..., N), any float dtype, above 0 where a row is said to be of the first sample.
        y_logits: (..., M), below 0 where a row is said to be of the second.

    Returns:
        (...) of float32.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> far = np.full((1, 3), 50.0)
        >>> round(float(losses.adversarial_distance(far, -far)[0]), 4)  # ln 2
        0.6931
    """
    x_logits, y_logits = at_least_float32(x_logits), at_least_float32(y_logits)
    x_entropy = ops.mean(ops.softplus(-x_logits), axis=-1)
    y_entropy = ops.mean(ops.softplus(y_logits), axis=-1)
    entropy = (x_entropy + y_entropy) / 2.0
    constant = ops.stop_gradient(entropy)
    return (math.log(2.0) - constant) + (entropy - constant)


def _linear(x, y):
    return mmd(x, y, kernel="linear")


# By the names of AdaRNN's official code. Its "adv" needs a network that learns: see
# `adversarial_distance`.
DOMAIN_DISTANCES = {"mmd": _linear, "mmd_rbf": mmd, "coral": coral, "cosine": mean_cosine}


def _samples(x, y):
    x, y = at_least_float32(x), at_least_float32(y)
    fits = len(x.shape) == len(y.shape) >= 2 and x.shape[-1] == y.shape[-1]
    if not fits or tuple(x.shape[:-2]) != tuple(y.shape[:-2]):
        got = f"shapes {tuple(x.shape)} and {tuple(y.shape)}"
        raise refused("x and y", got, "be (..., N, D) and (..., M, D)")
    return x, y


def _centered(x, y):
    """Both samples (..., N + M, D). No distance changes around the mean, and far less cancels."""
    both = ops.concatenate([x, y], axis=-2)
    return both - ops.stop_gradient(ops.mean(both, axis=-2, keepdims=True))


def _products(rows):
    return ops.matmul(rows, ops.swapaxes(rows, -1, -2))


def _gaussians(rows):
    """The sum of the five kernels, (..., R, R) for rows (..., R, D)."""
    squares = ops.sum(ops.square(rows), axis=-1)  # (..., R)
    distances = squares[..., :, None] + squares[..., None, :] - 2.0 * _products(rows)
    distances = ops.maximum(distances, 0.0)
    count = ops.cast(ops.shape(rows)[-2], distances.dtype)
    mean = ops.sum(distances, axis=(-2, -1), keepdims=True) / (count * (count - 1.0))
    bandwidth = ops.maximum(ops.stop_gradient(mean), EPSILON)
    powers = [2.0 ** (i - BANDWIDTHS // 2) for i in range(BANDWIDTHS)]
    return sum(ops.exp(-distances / (power * bandwidth)) for power in powers)


def _columns(weights):
    """Each column divided by its sum; a column of zeros stays so."""
    return weights / ops.maximum(ops.sum(weights, axis=0, keepdims=True), EPSILON)


def _covariance(x):
    x = x - ops.mean(x, axis=-2, keepdims=True)
    rows = ops.cast(ops.shape(x)[-2], x.dtype)
    return ops.matmul(ops.swapaxes(x, -1, -2), x) / (rows - 1.0)


def _mean(matrix):
    return ops.mean(matrix, axis=(-2, -1))


def _mean_of_others(matrix):
    """Over the pairs of two different rows."""
    rows = ops.cast(ops.shape(matrix)[-1], matrix.dtype)
    total = ops.sum(matrix, axis=(-2, -1)) - ops.sum(ops.diagonal(matrix, 0, -2, -1), axis=-1)
    return total / (rows * (rows - 1.0))
