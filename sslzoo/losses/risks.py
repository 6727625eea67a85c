"""Risks of domains, and what the methods of domain generalization ask of them.

A batch holds rows of several domains in any order, `domains` (N,) says of which one each is.
"""

from typing import Any

from keras import ops

from sslzoo.losses.normalize import at_least_float32


def domain_means(rows: Any, domains: Any, count: int) -> tuple:
    """The mean of the rows of each domain, and which domains have rows.

    Args:
        rows: float (N,) or (N, D).
        domains: integers (N,) in 0..count-1.
        count: K.

    Returns:
        The means (K,) or (K, D), 0 without rows; and (K,), 1 of domains with rows, else 0.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> rows = np.array([1.0, 3.0, 5.0], "float32")
        >>> means, present = losses.domain_means(rows, np.array([0, 0, 2]), 3)
        >>> np.asarray(means).tolist(), np.asarray(present).tolist()
        ([2.0, 0.0, 5.0], [1.0, 0.0, 1.0])
    """
    rows = at_least_float32(rows)
    members = ops.one_hot(domains, count, dtype=rows.dtype)  # (N, K)
    sizes = ops.sum(members, axis=0)
    columns = rows[:, None] if len(rows.shape) == 1 else rows
    sums = ops.matmul(ops.transpose(members), columns)  # (K, D)
    means = sums / ops.maximum(sizes, 1.0)[:, None]
    present = ops.cast(sizes > 0, rows.dtype)
    return (means[:, 0] if len(rows.shape) == 1 else means), present


def risk_variance(risks: Any, present: Any) -> Any:
    """1/K sum_k (R_k - mean R)^2 over the domains that are present (Krueger et al. 2021,
    "Out-of-Distribution Generalization via Risk Extrapolation", arXiv:2003.00688, V-REx).

    Args:
        risks: (K,).
        present: (K,), 1 or 0.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> float(losses.risk_variance(np.array([1.0, 3.0, 0.0]), np.array([1.0, 1.0, 0.0])))
        1.0
    """
    return _mean_of_present(ops.square(risks - _mean_of_present(risks, present)), present)


def irm_penalty(logits: Any, labels: Any, domains: Any, count: int) -> Any:
    """Invariant Risk Minimization's penalty, IRMv1 (Arjovsky et al. 2019, arXiv:1907.02893).

    It is |d/dw R_k(w f)|^2 at w = 1, the mean over domains. With cross-entropy the derivative of a
    row is sum_c (p_c - y_c) z_c. As in section 3.2 of the paper, the square is the product of the
    derivatives of two halves of the rows, every other row each. So its expectation is exact, and
    it may be negative. A domain with one row has none.

    Args:
        logits: z (N, C), any float dtype.
        labels: integers (N,).
        domains: integers (N,) in 0..count-1.
        count: K.

    Returns:
        A scalar of at least float32.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> logits = np.array([[2.0, 0.0], [2.0, 0.0]], "float32")
        >>> penalty = losses.irm_penalty(logits, np.array([1, 1]), np.array([0, 0]), 1)
        >>> round(float(penalty), 3)  # (2 softmax(2, 0)_0)^2
        3.103
    """
    logits = at_least_float32(logits)
    truth = ops.one_hot(labels, logits.shape[-1], dtype=logits.dtype)
    slopes = ops.sum((ops.softmax(logits) - truth) * logits, axis=-1)  # (N,)
    members = ops.one_hot(domains, count, dtype="int32")
    place = ops.sum(ops.cumsum(members, axis=0) * members, axis=1)  # from 1, in its domain
    halves = ops.cast(domains, "int32") * 2 + place % 2  # 2 K groups
    means, present = domain_means(slopes, halves, 2 * count)
    first, second = means[::2], means[1::2]
    return _mean_of_present(first * second, ops.maximum(present[::2], present[1::2]))


def moment_distance(features: Any, domains: Any, count: int) -> Any:
    """CORAL between all pairs of domains, as DomainBed (Gulrajani & Lopez-Paz 2021,
    arXiv:2007.01434) computes it.

    For each pair it adds the mean squared difference of the means and that of the covariances,
    divided by n - 1. The result is the mean over the pairs of domains with two rows or more.
    `losses.coral` is the form of Deep CORAL, of covariances alone.

    Args:
        features: (N, D), any float dtype.
        domains: integers (N,) in 0..count-1.
        count: K, at least 2.

    Returns:
        A scalar of at least float32.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> features = np.array([[0.0], [2.0], [3.0], [5.0]], "float32")
        >>> float(losses.moment_distance(features, np.array([0, 0, 1, 1]), 2))
        9.0
    """
    features = at_least_float32(features)
    means, _ = domain_means(features, domains, count)  # (K, D)
    members = ops.one_hot(domains, count, dtype=features.dtype)  # (N, K)
    sizes = ops.sum(members, axis=0)
    centered = (features[None] - means[:, None]) * ops.transpose(members)[:, :, None]  # (K, N, D)
    products = ops.matmul(ops.swapaxes(centered, 1, 2), centered)  # (K, D, D)
    covariances = products / ops.maximum(sizes - 1.0, 1.0)[:, None, None]
    distances, pairs = 0.0, 0.0
    for i in range(count):
        for j in range(i):
            both = ops.cast(ops.minimum(sizes[i], sizes[j]) > 1.0, features.dtype)
            between = ops.mean(ops.square(means[i] - means[j]))
            between = between + ops.mean(ops.square(covariances[i] - covariances[j]))
            distances, pairs = distances + both * between, pairs + both
    return distances / ops.maximum(pairs, 1.0)


def _mean_of_present(values, present):
    return ops.sum(values * present) / ops.maximum(ops.sum(present), 1.0)
