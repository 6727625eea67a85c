"""Losses that compare the cluster assignments of views."""

from typing import Any

from keras import ops

from sslzoo.checks import above, refused, whole
from sslzoo.losses.normalize import at_least_float32


def sinkhorn(scores: Any, epsilon: float = 0.05, iterations: int = 3) -> Any:
    """Soft assignments of B samples to K clusters that use all clusters alike, by the algorithm of
    Sinkhorn and Knopp (Cuturi 2013, arXiv:1306.0895; SwAV, Caron et al. 2020, arXiv:2006.09882,
    section 3.1).

    Q = exp(scores / epsilon). Each iteration scales the columns of Q to sum to B / K, then its rows
    to sum to 1. The sums of the columns come closer to B / K with each iteration.

    It is computed with logarithms. The code of SwAV computes with exp(scores / epsilon), which
    overflows for an epsilon below 0.012.

    Args:
        scores: (B, K), of samples and clusters; any float dtype. All samples of the global batch.
        epsilon: > 0. Small values give hard assignments.
        iterations: At least 1.

    Returns:
        (B, K) of at least float32, without a gradient. Each row sums to 1.

    Raises:
        ValueError: Another shape, or a setting out of range.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> scores = np.array([[0.9, 0.8], [0.9, 0.0]], "float32")  # both like cluster 0 best
        >>> np.round(np.asarray(losses.sinkhorn(scores, iterations=30)), 1).tolist()
        [[0.0, 1.0], [1.0, 0.0]]
    """
    above("epsilon", epsilon, 0)
    whole("iterations", iterations, 1)
    if len(scores.shape) != 2:
        raise refused("scores", f"shape {tuple(scores.shape)}", "be (B, K)")
    log_q = ops.stop_gradient(at_least_float32(scores)) / epsilon
    for _ in range(iterations):
        # The constants B / K cancel when the rows are scaled.
        log_q -= ops.logsumexp(log_q, axis=0, keepdims=True)
        log_q -= ops.logsumexp(log_q, axis=1, keepdims=True)
    return ops.exp(log_q)


def swapped_prediction(scores: Any, targets: Any, temperature: float = 0.1) -> Any:
    """The loss of SwAV (Caron et al. 2020, arXiv:2006.09882, equation 2), for any number of views.

    The assignments q of view a are predicted from the scores s of every other view v:

        loss = mean over a and v != a of  -sum_k q_a[k] log softmax(s_v / T)[k]

    The loss is the mean over the batch.

    Args:
        scores: (N, V, K), of V >= 2 views and K clusters.
        targets: (N, A, K), probabilities of the first A views, A <= V. Constants.
        temperature: T > 0. The paper has 0.1.

    Returns:
        A scalar >= 0 of at least float32.

    Raises:
        ValueError: Shapes other than these, or a temperature that is not above 0.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> scores, targets = np.zeros((1, 2, 4), "float32"), np.full((1, 2, 4), 0.25, "float32")
        >>> round(float(losses.swapped_prediction(scores, targets)), 4)  # log 4
        1.3863
    """
    above("temperature", temperature, 0)
    scores, targets = at_least_float32(scores), ops.stop_gradient(at_least_float32(targets))
    views, assigned = scores.shape[1], targets.shape[1]
    if views < 2 or assigned > views or scores.shape[2] != targets.shape[2]:
        shapes = f"shapes {tuple(scores.shape)} and {tuple(targets.shape)}"
        raise refused("scores and targets", shapes, "be (N, V, K) and (N, A, K) with A <= V >= 2")
    log_p = ops.log_softmax(scores / temperature, axis=-1)
    entropies = -ops.einsum("nak,nvk->nav", targets, log_p)  # (N, A, V)
    others = 1.0 - ops.eye(assigned, views, dtype=entropies.dtype)
    return ops.mean(ops.sum(entropies * others, axis=(1, 2))) / (assigned * (views - 1))
