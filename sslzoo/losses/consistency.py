"""Consistency of predictions, as Pi-Model, Mean Teacher, VAT and MixMatch ask for it."""

from collections.abc import Callable
from typing import Any

from keras import ops

from sslzoo import backends
from sslzoo.losses.normalize import at_least_float32, l2_normalize


def squared_consistency(logits: Any, targets: Any) -> Any:
    """1/(N C) sum_i sum_c (softmax(logits_i)_c - target_ic)^2: Pi-Model (Laine & Aila 2017,
    arXiv:1610.02242), Mean Teacher (Tarvainen & Valpola 2017, arXiv:1703.01780) and MixMatch
    (Berthelot et al. 2019, arXiv:1905.02249, equation 4).

    It is the mean over rows AND classes, as in the papers' codes. Their weights count on it.

    Args:
        logits: (N, C).
        targets: probabilities (N, C), constants.

    Returns:
        A scalar in 0..2/C of float32. Its gradient reaches `logits` alone.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> logits, targets = np.zeros((1, 2), "float32"), np.array([[1.0, 0.0]], "float32")
        >>> float(losses.squared_consistency(logits, targets))
        0.25
    """
    probabilities = ops.softmax(at_least_float32(logits))
    targets = ops.stop_gradient(ops.cast(targets, probabilities.dtype))
    return ops.mean(ops.square(probabilities - targets))


def divergences(logits: Any, target_logits: Any) -> Any:
    """KL(softmax(target_i) || softmax(logits_i)) of each row, float32 (N,). Targets are constants.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> logits = np.array([[0.0, 1.0]], "float32")
        >>> float(losses.divergences(logits, logits)[0])
        0.0
    """
    logs = ops.log_softmax(at_least_float32(logits))
    target = ops.log_softmax(ops.stop_gradient(at_least_float32(target_logits)))
    return ops.sum(ops.exp(target) * (target - logs), axis=-1)


def entropies(logits: Any) -> Any:
    """-sum_c p_c log p_c of softmax(logits_i), float32 (N,), with its gradient.

    Entropy minimization (Grandvalet & Bengio 2005) makes predictions sure.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> round(float(losses.entropies(np.zeros((1, 2), "float32"))[0]), 4)  # ln 2
        0.6931
    """
    logs = ops.log_softmax(at_least_float32(logits))
    return -ops.sum(ops.exp(logs) * logs, axis=-1)


def virtual_adversary(logits_of: Callable, x: Any, direction: Any, xi: float, radius: float) -> Any:
    """x + r, r the change of length `radius` that moves the prediction most (Miyato et al. 2018,
    arXiv:1704.03976, equations 12 and 13, one step of the power iteration).

        d = direction / |direction|
        g = gradient of KL(p(x) || p(x + r)) with respect to r, at r = xi d
        r = radius g / |g|

    At r = 0 that gradient is 0, so it must be taken a little beside it.

    Args:
        logits_of: A function (N, ...) -> logits (N, C) that changes no state.
        x: (N, ...).
        direction: random normal, of the shape of x.
        xi: The step beside x, in the unit of x.
        radius: epsilon, the length of r for each row.

    Returns:
        float32, of the shape of x, a constant.

    Example:
        >>> import numpy as np
        >>> from keras import ops
        >>> from sslzoo import losses
        >>> x, d = np.zeros((1, 2), "float32"), np.ones((1, 2), "float32")
        >>> logits_of = lambda x: ops.stack([x[:, 0], 0 * x[:, 0]], axis=1)
        >>> moved = losses.virtual_adversary(logits_of, x, d, xi=1e-2, radius=2.0)
        >>> np.round(np.abs(np.asarray(moved)), 3).tolist()
        [[2.0, 0.0]]
    """
    x = ops.cast(x, "float32")
    clean = ops.stop_gradient(logits_of(x))

    def distance(change):
        return ops.sum(divergences(logits_of(x + change), clean))

    gradient = backends.gradient(distance, xi * unit_rows(direction))
    return ops.stop_gradient(x + radius * unit_rows(gradient))


def unit_rows(x: Any) -> Any:
    """x (N, ...) in float32, each row divided by its length over all other axes.

    It is divided by the largest entry first, as in google-research/mixmatch: the squares of a
    small gradient would vanish.

    Example:
        >>> import numpy as np
        >>> from sslzoo.losses.consistency import unit_rows
        >>> tiny = np.full((1, 2, 2), 1e-30, "float32")
        >>> np.asarray(unit_rows(tiny)).ravel().tolist()
        [0.5, 0.5, 0.5, 0.5]
    """
    x = ops.cast(x, "float32")
    rows = ops.reshape(x, (ops.shape(x)[0], -1))  # (N, the rest)
    largest = ops.max(ops.abs(rows), axis=1, keepdims=True)
    rows = l2_normalize(rows / ops.where(largest > 0, largest, 1.0))
    return ops.reshape(rows, ops.shape(x))
