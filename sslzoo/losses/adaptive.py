"""What FreeMatch, SoftMatch and ReMixMatch make of running means: thresholds, weights, aligned
labels. None of it carries a gradient but `fairness`.
"""

from typing import Any

from keras import ops

from sslzoo.losses.normalize import at_least_float32

TINY = 1e-6  # added to a distribution that is a divisor (google-research/remixmatch, and USB)


def aligned(probabilities: Any, target: Any, running: Any) -> Any:
    """Distribution alignment (Berthelot et al. 2020, arXiv:1911.09785, section 3.1): q_c ~ p_c
    target_c / running_c, normalized to sum 1.

    Classes that the network predicts more often than they are get less, and the others more.

    Args:
        probabilities: (N, C).
        target: (C,), how often each class is.
        running: (C,), how often the network predicts it: a running mean.

    Returns:
        float32 (N, C).

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> p, even = np.array([[0.75, 0.25]], "float32"), np.array([0.5, 0.5], "float32")
        >>> np.round(np.asarray(losses.aligned(p, even, p[0])), 3).tolist()
        [[0.5, 0.5]]
    """
    ratio = (ops.cast(target, "float32") + TINY) / (ops.cast(running, "float32") + TINY)
    return ops.stop_gradient(_normalized(at_least_float32(probabilities) * ratio))


def truncated_gaussian(confidence: Any, mean: Any, variance: Any, sigmas: float = 2.0) -> Any:
    """SoftMatch's weight of each row (Chen et al. 2023, arXiv:2301.10921, equation 7), float32
    (N,):

        exp(-(confidence - mean)^2 / (2 variance / sigmas^2)) below the mean, and 1 above it.

    Args:
        confidence: (N,), the largest probability of each row.
        mean, variance: of the confidence, running means.
        sigmas: The code has 2.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> confidence = np.array([0.5, 0.9], "float32")
        >>> weights = losses.truncated_gaussian(confidence, mean=0.7, variance=0.04)
        >>> [round(float(weight), 3) for weight in weights]  # exp(-2) and 1
        [0.135, 1.0]
    """
    below = ops.minimum(at_least_float32(confidence) - mean, 0.0)
    return ops.stop_gradient(ops.exp(-ops.square(below) * sigmas**2 / (2.0 * variance)))


def adaptive_thresholds(running: Any, confidence: Any) -> Any:
    """FreeMatch's threshold of each class (Wang et al. 2023, arXiv:2205.07246, equation 8), float32
    (C,): confidence * running_c / max_c running_c.

    Args:
        running: (C,), the running mean of the predicted probabilities: the local thresholds.
        confidence: the running mean of the largest one, a scalar: the global threshold.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> running = np.array([0.6, 0.3], "float32")
        >>> [round(float(x), 3) for x in losses.adaptive_thresholds(running, 0.8)]
        [0.8, 0.4]
    """
    return ops.stop_gradient(confidence * running / ops.max(running))


def fairness(logits: Any, mask: Any, running: Any, histogram: Any) -> Any:
    """FreeMatch's self-adaptive fairness (Wang et al. 2023, arXiv:2205.07246, equations 9 to 11):
    sum_c a_c log b_c, with

        a = SumNorm(running / histogram), a constant
        b = SumNorm(mean of softmax(logits) / histogram of their largest), over the rows of the mask

    It is minus a cross-entropy: at most 0 and without a lower bound, so its weight must be small.
    Classes that no row of the mask predicts are left out, as their gradient is 0. Without a row it
    is 0.

    Args:
        logits: (N, C) of the strong views.
        mask: bool (N,), which rows count.
        running: (C,), running mean of the predicted probabilities.
        histogram: (C,), running mean of the share of rows that predict each class.

    Returns:
        A scalar of float32. Its gradient reaches `logits` alone.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> even, logits = np.array([0.5, 0.5], "float32"), np.array([[2.0, 0.0], [0.0, 2.0]])
        >>> round(float(losses.fairness(logits, np.array([True, True]), even, even)), 4)  # -ln 2
        -0.6931
    """
    p = ops.softmax(at_least_float32(logits))
    mask = ops.stop_gradient(ops.cast(mask, p.dtype))[:, None]  # (N, 1)
    count = ops.maximum(ops.sum(mask), 1.0)
    largest = ops.one_hot(ops.argmax(p, axis=-1), p.shape[-1], dtype=p.dtype)
    seen = ops.stop_gradient(ops.sum(largest * mask, axis=0)) / count  # (C,)
    mean = ops.sum(p * mask, axis=0) / count
    here = ops.where(seen > 0, mean / ops.where(seen > 0, seen, 1.0), 0.0)
    wanted = ops.cast(running, p.dtype) / ops.cast(histogram, p.dtype)
    wanted = ops.stop_gradient(wanted / ops.sum(wanted))
    share = here / ops.maximum(ops.sum(here), TINY)
    return ops.sum(ops.where(seen > 0, wanted * ops.log(ops.where(seen > 0, share, 1.0)), 0.0))


def _normalized(rows: Any) -> Any:
    """(N, C), each row divided by its sum."""
    return rows / ops.sum(rows, axis=-1, keepdims=True)
