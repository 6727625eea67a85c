"""Losses that make two views agree and the dimensions of their embeddings differ."""

from typing import Any

from keras import ops

from sslzoo.checks import at_least, refused
from sslzoo.losses.normalize import at_least_float32, check_pairs


def barlow_twins(z1: Any, z2: Any, redundancy_weight: float = 5.1e-3) -> Any:
    """The loss of Barlow Twins (Zbontar et al. 2021, arXiv:2103.03230, equations 1 and 2).

    With z standardized over the batch, each dimension by its own mean and deviation:
    C = z1^T z2 / N;   loss = sum_i (1 - C_ii)^2 + redundancy_weight * sum_{i != j} C_ij^2.

    It is a sum over D and D^2 terms, not a mean, as in the paper. The variance is that of the
    population, plus 1e-5, as BatchNorm's in the official code (facebookresearch/barlowtwins,
    main.py). A dimension that is constant in the batch counts as 0.

    Under data parallelism, z1 and z2 must be those of the global batch, gathered with gradients.

    Args:
        z1, z2: (N, D) projections of two views, row for row of the same items, any float dtype.
        redundancy_weight: lambda >= 0. The official code has 0.0051.

    Returns:
        A scalar >= 0 of at least float32. Memory: one (D, D) matrix.

    Raises:
        ValueError: The shapes are not (N, D) twice, there are fewer than 2 rows, or the weight is
            below 0.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> z = np.array([[1, 1], [-1, 1], [1, -1], [-1, -1]], "float32")
        >>> round(float(losses.barlow_twins(z, z)), 4)  # C is the identity
        0.0
    """
    at_least("redundancy_weight", redundancy_weight, 0)
    z1, z2 = _standardized(z1), _standardized(z2)
    _check_rows(z1, z2)
    count = ops.cast(ops.shape(z1)[0], z1.dtype)
    correlation = ops.matmul(ops.transpose(z1), z2) / count  # (D, D)
    agreement = ops.sum(ops.square(1.0 - ops.diagonal(correlation)))
    return agreement + redundancy_weight * _off_diagonal(correlation)


def vicreg(
    z1: Any, z2: Any, invariance: float = 25.0, variance: float = 25.0, covariance: float = 1.0
) -> Any:
    """The loss of VICReg (Bardes et al. 2022, arXiv:2105.04906, equation 6): the weighted sum of
    the three terms of `vicreg_parts`.

    Args:
        z1, z2: As for `vicreg_parts`.
        invariance, variance, covariance: Weights >= 0. The paper has 25, 25 and 1.

    Returns:
        A scalar >= 0 of at least float32.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> alike = np.ones((4, 2), "float32")
        >>> round(float(losses.vicreg(alike, alike)), 2)  # 25 * (1 - sqrt(1e-4))
        24.75
    """
    weights = {"invariance": invariance, "variance": variance, "covariance": covariance}
    parts = vicreg_parts(z1, z2)
    return sum(at_least(name, weight, 0) * parts[name] for name, weight in weights.items())


def vicreg_parts(z1: Any, z2: Any) -> dict[str, Any]:
    """The three terms of VICReg (Bardes et al. 2022, arXiv:2105.04906, equations 1 to 5), without
    weights.

    - invariance: the mean over N and D of (z1 - z2)^2
    - variance: the mean over both views and D of max(0, 1 - sqrt(var + 1e-4))
    - covariance: the sum over both views of sum_{i != j} cov_ij^2 / D

    Variance and covariance are divided by N - 1. The paper sums the variance term over the views
    and the squared differences over D. Here are the means of the official code
    (facebookresearch/vicreg, main_vicreg.py), for which the weights 25, 25 and 1 are.

    Args:
        z1, z2: (N, D) embeddings of two views, row for row of the same items, any float dtype.

    Returns:
        {"invariance", "variance", "covariance"}: scalars >= 0 of at least float32.

    Raises:
        ValueError: The shapes are not (N, D) twice, or there are fewer than 2 rows.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> z = np.array([[1, 1], [-1, 1], [1, -1], [-1, -1]], "float32")
        >>> {name: float(value) for name, value in losses.vicreg_parts(z, -z).items()}
        {'invariance': 4.0, 'variance': 0.0, 'covariance': 0.0}
    """
    z1, z2 = at_least_float32(z1), at_least_float32(z2)
    _check_rows(z1, z2)
    variance, covariance = 0.0, 0.0
    for z in (z1, z2):
        z = z - ops.mean(z, axis=0)
        degrees = ops.cast(ops.shape(z)[0] - 1, z.dtype)
        deviation = ops.sqrt(ops.sum(ops.square(z), axis=0) / degrees + 1e-4)  # (D,)
        variance += ops.mean(ops.relu(1.0 - deviation)) / 2
        matrix = ops.matmul(ops.transpose(z), z) / degrees  # (D, D)
        covariance += _off_diagonal(matrix) / z.shape[-1]
    invariance = ops.mean(ops.square(z1 - z2))
    return {"invariance": invariance, "variance": variance, "covariance": covariance}


def _standardized(z: Any) -> Any:
    """(N, D) with mean 0 and deviation 1 over N."""
    z = at_least_float32(z)
    z = z - ops.mean(z, axis=0)
    return z * ops.rsqrt(ops.mean(ops.square(z), axis=0) + 1e-5)


def _off_diagonal(matrix: Any) -> Any:
    """The sum of the squares beside the diagonal."""
    # Masked, not subtracted: a difference of two large sums could be below 0.
    beside = 1.0 - ops.eye(matrix.shape[0], dtype=matrix.dtype)
    return ops.sum(ops.square(matrix * beside))


def _check_rows(z1: Any, z2: Any) -> None:
    check_pairs("z1 and z2", z1, z2)
    if z1.shape[0] is not None and z1.shape[0] < 2:
        raise refused("z1", f"{z1.shape[0]} rows", "have at least 2, for a variance")
