"""A student that predicts the outputs of its teacher for other views, without labels."""

from collections.abc import Sequence
from typing import Any

from keras import ops

from sslzoo.checks import above, refused
from sslzoo.losses.normalize import at_least_float32, check_pairs


def dino(
    student: Sequence,
    teacher: Sequence,
    center: Any,
    student_temperature: float = 0.1,
    teacher_temperature: Any = 0.04,
) -> Any:
    """The loss of DINO (Caron et al. 2021, "Emerging Properties in Self-Supervised Vision
    Transformers", arXiv:2104.14294, equation 3, with the centering of section 3.1).

    With p_t = softmax((t - center) / teacher_temperature) and log q_s = log softmax(s /
    student_temperature): loss = the mean, over pairs of a view of the teacher and another view of
    the student and over the batch, of -sum_k p_tk log q_sk. No gradient reaches the teacher.

    The paper sums over the pairs. The mean is that of the official code (facebookresearch/dino,
    main_dino.py).

    Args:
        student: (N, K) logits for each view, any float dtype. The first are those of the views of
            the teacher, in its order.
        teacher: (N, K) logits for each large view.
        center: (K,) or (1, K), subtracted from the teacher's logits.
        student_temperature: above 0. The paper has 0.1.
        teacher_temperature: a number or a scalar tensor. The code has 0.04, up to 0.07.

    Returns:
        A scalar >= 0 of at least float32: a cross-entropy, whose least value is the entropy of the
        teacher.

    Raises:
        ValueError: logits of different shapes, fewer than two views of the student, or a
            temperature that is not above 0.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> view = np.zeros((3, 2), "float32")
        >>> round(float(losses.dino([view] * 4, [view] * 2, np.zeros(2, "float32"))), 4)  # log 2
        0.6931
    """
    above("student_temperature", student_temperature, 0)
    if isinstance(teacher_temperature, (int, float)):
        above("teacher_temperature", teacher_temperature, 0)
    if len(student) < 2 or not teacher:
        got = f"{len(student)} views of the student and {len(teacher)} of the teacher"
        raise refused("student", got, "have at least two views, and the teacher one")
    targets = []
    for logits in teacher:
        logits = ops.stop_gradient(at_least_float32(logits)) - center
        targets.append(ops.softmax(logits / teacher_temperature, axis=-1))
    total, pairs = 0.0, 0
    for view, logits in enumerate(student):
        logits = at_least_float32(logits)
        log_q = ops.log_softmax(logits / student_temperature, axis=-1)
        for other, target in enumerate(targets):
            check_pairs("student and teacher", logits, target)
            if other != view:
                total -= ops.mean(ops.sum(target * log_q, axis=-1))
                pairs += 1
    return total / pairs
