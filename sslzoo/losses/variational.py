"""Variational inference: the terms of the evidence lower bound, in nats, one value per sample."""

import math
from typing import Any

from keras import ops

from sslzoo.checks import refused
from sslzoo.losses.normalize import at_least_float32


def gaussian_kl(mean: Any, log_variance: Any) -> Any:
    """KL(q || p) of q = N(mean, diag(variance)) and p = N(0, I), in closed form.

    KL = 1/2 sum_j (mean_j^2 + variance_j - 1 - log variance_j), summed over the latents
    (Kingma & Welling 2014, "Auto-Encoding Variational Bayes", arXiv:1312.6114, appendix B).

    Args:
        mean: (N, Z), any float dtype.
        log_variance: (N, Z), log of the variance. It is twice the log of the deviation.

    Returns:
        (N,) of nats, float32 (float64 for float64 inputs). Always >= 0; 0 where q is p.

    Raises:
        ValueError: shapes that differ, or that are not (N, Z).

    Example:
        >>> from sslzoo import losses
        >>> import numpy as np
        >>> kl = losses.gaussian_kl(np.ones((1, 4)), np.zeros((1, 4)))
        >>> round(float(kl[0]), 4)
        2.0
    """
    mean, log_variance = at_least_float32(mean), at_least_float32(log_variance)
    _check_same("log_variance", log_variance, "mean", mean, rank=2)
    terms = ops.square(mean) + ops.exp(log_variance) - 1.0 - log_variance  # (N, Z)
    return 0.5 * ops.sum(terms, axis=-1)


def gaussian_log_density(x: Any, mean: Any = 0.0, log_variance: Any = 0.0) -> Any:
    """log N(x; mean, diag(variance)), summed over the last axis.

    -1/2 sum_j (log(2 pi) + log variance_j + (x_j - mean_j)^2 / variance_j)

    Args:
        x: (..., Z), any float dtype.
        mean, log_variance: of shapes that broadcast to that of x. The defaults are N(0, I).

    Returns:
        (...) of nats, float32 (float64 for float64 inputs).

    Example:
        >>> from sslzoo import losses
        >>> import numpy as np
        >>> round(float(losses.gaussian_log_density(np.zeros((1, 2)))[0]), 4)  # -log(2 pi)
        -1.8379
    """
    x = at_least_float32(x)
    mean = ops.cast(mean, x.dtype)
    log_variance = ops.cast(log_variance, x.dtype)
    scaled = ops.square(x - mean) * ops.exp(-log_variance)
    return -0.5 * ops.sum(math.log(2 * math.pi) + log_variance + scaled, axis=-1)


def bernoulli_log_likelihood(targets: Any, logits: Any) -> Any:
    """log p(targets) of independent Bernoulli pixels, summed over all pixels of an image.

    sum_d x_d log p_d + (1 - x_d) log(1 - p_d), p = sigmoid(logits), from the logits, so that no
    logit overflows.

    Args:
        targets: (N, ...), 0 or 1. Gray values between them give a number that is no likelihood:
            over [0, 1] it is the log of a density that does not integrate to 1. Draw them as 0 or
            1 first.
        logits: the shape of targets, any float dtype.

    Returns:
        (N,) of nats, <= 0, float32 (float64 for float64 inputs).

    Raises:
        ValueError: shapes that differ.

    Example:
        >>> from sslzoo import losses
        >>> import numpy as np
        >>> images, logits = np.ones((1, 28, 28, 1)), np.zeros((1, 28, 28, 1))
        >>> round(float(losses.bernoulli_log_likelihood(images, logits)[0]), 1)  # 784 log(1/2)
        -543.4
    """
    logits = at_least_float32(logits)
    targets = ops.cast(targets, logits.dtype)
    _check_same("targets", targets, "logits", logits)
    terms = targets * logits - ops.softplus(logits)  # (N, ...)
    return ops.sum(terms, axis=tuple(range(1, len(logits.shape))))


def elbo(log_likelihood: Any, kl: Any) -> Any:
    """The evidence lower bound E_q[log p(x | z)] - KL(q(z | x) || p(z)) <= log p(x).

    Kingma & Welling 2014, arXiv:1312.6114, equation 3. Both terms are sums, over pixels and over
    latents: means would weigh them anew, and would be no bound.

    Args:
        log_likelihood: (N,) of one draw of z each, or (N, K) of K draws, which are averaged.
        kl: (N,), as of `gaussian_kl`.

    Returns:
        (N,) of nats: an estimate of the bound, whose mean over draws of z is the bound.

    Example:
        >>> from sslzoo import losses
        >>> import numpy as np
        >>> float(losses.elbo(np.array([[-90.0, -94.0]]), np.array([25.0]))[0])
        -117.0
    """
    if len(log_likelihood.shape) == 2:
        log_likelihood = ops.mean(log_likelihood, axis=1)  # (N, K) -> (N,)
    return log_likelihood - kl


def importance_weighted_bound(log_weights: Any) -> Any:
    """log 1/K sum_k w_k, w_k = p(x | z_k) p(z_k) / q(z_k | x), z_k drawn from q(z | x).

    Burda et al. 2016, "Importance Weighted Autoencoders", arXiv:1509.00519, equation 8. Its mean
    rises with K, from the evidence lower bound at K = 1 to log p(x).

    Args:
        log_weights: (N, K), log w_k of each sample, any float dtype.

    Returns:
        (N,) of nats, float32 (float64 for float64 inputs).

    Example:
        >>> from sslzoo import losses
        >>> import numpy as np
        >>> bound = losses.importance_weighted_bound(np.log([[0.1, 0.3]]))
        >>> round(float(np.exp(bound[0])), 4)
        0.2
    """
    log_weights = at_least_float32(log_weights)
    samples = ops.cast(ops.shape(log_weights)[1], log_weights.dtype)
    return ops.logsumexp(log_weights, axis=1) - ops.log(samples)


def _check_same(name, values, other_name, other, rank=None):
    if rank is not None and len(other.shape) != rank:
        raise refused(other_name, f"shape {tuple(other.shape)}", "be (N, Z)")
    known = zip(values.shape, other.shape, strict=False)
    differ = any(m is not None and n is not None and m != n for m, n in known)
    if differ or len(values.shape) != len(other.shape):
        raise refused(
            name, f"shape {tuple(values.shape)}", f"have that of {other_name}, {tuple(other.shape)}"
        )
