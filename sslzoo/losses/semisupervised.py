"""Parts of learning from few labels: pseudo-labels, masked terms and thresholds.

Labels, masks and thresholds that are made from `logits` carry no gradient.
"""

from typing import Any

from keras import ops

from sslzoo.checks import one_of
from sslzoo.losses.normalize import at_least_float32

TSA_SCHEDULES = ("linear", "exp", "log")


def pseudo_labels(logits: Any) -> tuple:
    """The most likely class of each row, and its probability.

    Args:
        logits: (N, C).

    Returns:
        labels: int32 (N,), the largest logit; confidence: float32 (N,), its probability.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> labels, confidence = losses.pseudo_labels(np.array([[0.0, 9.0]], "float32"))
        >>> int(labels[0]), round(float(confidence[0]), 3)
        (1, 1.0)
    """
    probabilities = ops.stop_gradient(ops.softmax(at_least_float32(logits)))
    return ops.cast(ops.argmax(probabilities, axis=-1), "int32"), ops.max(probabilities, axis=-1)


def sharpen(logits: Any, temperature: float) -> Any:
    """softmax(logits / T), float32 (N, C): UDA's soft labels. UDA has T = 0.4. A smaller T makes
    them harder.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> soft = losses.sharpen(np.array([[0.0, 1.0]], "float32"), 0.1)
        >>> round(float(soft[0, 1]), 3)
        1.0
    """
    return ops.stop_gradient(ops.softmax(at_least_float32(logits) / temperature))


def confident_cross_entropy(logits: Any, targets: Any, mask: Any = None) -> Any:
    """1/N sum_i mask_i H(target_i, softmax(logits_i)): the terms of FixMatch (Sohn et al. 2020,
    arXiv:2001.07685, equations 3 and 4) and, with soft targets, of UDA (Xie et al. 2020,
    arXiv:1904.12848).

    N counts ALL rows, those that the mask drops too: a batch with few confident rows has a small
    loss. Dividing by the sum of the mask would give its few rows the weight of a whole batch.

    Soft targets: H is the cross-entropy. UDA's code has the divergence, which is less by the
    target's entropy and has the same gradient.

    Args:
        logits: (N, C).
        targets: integers (N,) in 0..C-1, or probabilities (N, C).
        mask: bool or float (N,); None counts every row (the supervised term).

    Returns:
        A scalar >= 0 of float32 (float64 for float64 logits). Its gradient reaches `logits` alone.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> logits, mask = np.zeros((2, 2), "float32"), np.array([True, False])
        >>> loss = losses.confident_cross_entropy(logits, np.array([0, 1]), mask)
        >>> round(float(loss), 4)  # ln 2 / 2
        0.3466
    """
    entropy = cross_entropies(logits, targets)  # (N,)
    if mask is not None:
        entropy = entropy * ops.stop_gradient(ops.cast(mask, entropy.dtype))
    return ops.mean(entropy)


def cross_entropies(logits: Any, targets: Any) -> Any:
    """H(target_i, softmax(logits_i)) of each row (N,), float32; targets as in
    `confident_cross_entropy`, constants.

    Example:
        >>> import numpy as np
        >>> from sslzoo.losses.semisupervised import cross_entropies
        >>> entropies = cross_entropies(np.zeros((1, 2), "float32"), np.array([[0.5, 0.5]]))
        >>> round(float(entropies[0]), 4)  # ln 2
        0.6931
    """
    logits, targets = at_least_float32(logits), ops.convert_to_tensor(targets)
    if len(targets.shape) == 1:
        targets = ops.one_hot(targets, logits.shape[-1], dtype=logits.dtype)  # (N, C)
    targets = ops.stop_gradient(ops.cast(targets, logits.dtype))
    return -ops.sum(targets * ops.log_softmax(logits), axis=-1)


def annealed_cross_entropy(logits: Any, labels: Any, threshold: Any) -> Any:
    """UDA's supervised term under training signal annealing (Xie et al. 2020, arXiv:1904.12848).

    Mean of the cross-entropy over the rows whose probability of the TRUE class is at most
    `threshold`; 0 where none is. This is the paper's and its code's (google-research/uda,
    image/main.py). TorchSSL compares the largest probability and divides by all rows.

    Args:
        logits: (N, C).
        labels: integers (N,).
        threshold: a scalar, see `tsa_threshold`.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> logits = np.array([[0.0, 0.0], [9.0, 0.0]], "float32")  # unsure, and sure
        >>> loss = losses.annealed_cross_entropy(logits, np.array([0, 0]), 0.6)
        >>> round(float(loss), 4)  # ln 2 of the first alone
        0.6931
    """
    entropy = cross_entropies(logits, labels)
    kept = ops.cast(ops.stop_gradient(ops.exp(-entropy)) <= threshold, entropy.dtype)
    return ops.sum(entropy * kept) / ops.maximum(ops.sum(kept), 1.0)


def tsa_threshold(progress: Any, classes: int, schedule: str) -> Any:
    """alpha (1 - 1/C) + 1/C at a share t of the run: from 1/C, when only what is still guessed
    counts, to 1.

    alpha: "linear" t; "exp" exp(5 (t - 1)), for few labels, which are learned by heart soon; "log"
    1 - exp(-5 t).

    Args:
        progress: t, a number or a tensor in 0..1.
        classes: C.
        schedule: one of `TSA_SCHEDULES`.

    Returns:
        float32, of the shape of `progress`.

    Raises:
        ValueError: an unknown schedule.

    Example:
        >>> from sslzoo import losses
        >>> round(float(losses.tsa_threshold(0.5, 10, "linear")), 4)
        0.55
    """
    one_of("schedule", schedule, TSA_SCHEDULES)
    progress = ops.cast(progress, "float32")
    if schedule == "exp":
        alpha = ops.exp(5.0 * (progress - 1.0))
    elif schedule == "log":
        alpha = 1.0 - ops.exp(-5.0 * progress)
    else:
        alpha = progress
    return alpha * (1.0 - 1.0 / classes) + 1.0 / classes


def flexible_thresholds(memory: Any, classes: int, threshold: float = 0.95) -> Any:
    """FlexMatch's threshold of each class (Zhang et al. 2021, arXiv:2110.08263).

    sigma(c) = number of images whose last confident prediction was c;
    beta(c)  = sigma(c) / max(max_c sigma(c), number of images that never had one);
    T(c)     = threshold * M(beta(c)), M(x) = x / (2 - x).
    The second part of the maximum is the paper's warm-up: while most images were never predicted
    with confidence, all thresholds stay low. It ends by itself.

    Args:
        memory: integers (N,): -1 for never, else 0..C-1, of ALL unlabeled images.
        classes: C.
        threshold: tau. FixMatch and FlexMatch have 0.95.

    Returns:
        float32 (C,), each in [0, threshold]; all 0 while the memory is empty.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> memory = np.array([0, 0, 1, -1], "int32")
        >>> np.asarray(losses.flexible_thresholds(memory, 2, threshold=0.75)).tolist()
        [0.75, 0.25]
    """
    ones = ops.ones_like(memory, dtype="float32")
    counts = ops.segment_sum(ones, memory + 1, num_segments=classes + 1)  # (1 + C,), "never" first
    beta = counts[1:] / ops.max(counts)
    return threshold * beta / (2.0 - beta)
