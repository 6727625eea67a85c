"""Losses over a part of the classes, for learning new ones without forgetting old ones.

A mask (C,) of booleans says which classes count. Other classes add nothing to the loss and get no
gradient.
"""

from typing import Any

import numpy as np
from keras import backend, ops

from sslzoo.checks import above
from sslzoo.losses.normalize import at_least_float32, check_pairs


def distillation(
    student_logits: Any, teacher_logits: Any, temperature: float = 2.0, mask: Any = None
) -> Any:
    """Knowledge distillation (Hinton et al. 2015, arXiv:1503.02531) in the form of LwF (Li & Hoiem
    2016, "Learning without Forgetting", arXiv:1606.09282, equations 2 and 3).

    With p = softmax(teacher / T) and q = softmax(student / T) over the classes of the mask,
    loss = -mean_i sum_c p_ic log q_ic.
    LwF writes p as probabilities to the power 1 / T, made to sum to one again: the same numbers. It
    is a cross-entropy: the least value is the teacher's entropy, not 0. LwF has no factor T^2
    (Hinton et al. multiply by it, so that the gradient keeps its size when T changes).

    Args:
        student_logits, teacher_logits: (N, C), any float dtype. No gradient reaches the teacher.
        temperature: T > 0; 2 in LwF.
        mask: (C,) booleans, the old classes; None: all. A mask without any class gives 0.

    Returns:
        A scalar of float32 (float64 for float64 inputs).

    Raises:
        ValueError: shapes other than (N, C) twice, or temperature <= 0.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> unsure = np.zeros((1, 2), "float32")
        >>> round(float(losses.distillation(unsure, unsure)), 4)  # ln 2
        0.6931
    """
    above("temperature", temperature, 0)
    student, teacher = at_least_float32(student_logits), at_least_float32(teacher_logits)
    check_pairs("student_logits and teacher_logits", student, teacher)
    mask = _mask(mask, student)
    log_q = _masked_log_softmax(student / temperature, mask)
    p = ops.exp(_masked_log_softmax(ops.stop_gradient(teacher) / temperature, mask))
    return -ops.mean(ops.sum(ops.where(mask, p * log_q, 0.0), axis=-1))


def masked_cross_entropy(logits: Any, labels: Any, mask: Any = None) -> Any:
    """Cross-entropy of a softmax over the classes of the mask alone: -mean_i log softmax(logits_i
    over the mask)[label_i].

    Args:
        logits: (N, C), any float dtype.
        labels: (N,) integers, classes of the mask: of another one the loss is about 1e38.
        mask: (C,) booleans; None: all.

    Returns:
        A scalar of float32 (float64 for float64 inputs).

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> logits, mask = np.array([[0.0, 0.0, 9.0]], "float32"), np.array([True, True, False])
        >>> round(float(losses.masked_cross_entropy(logits, np.array([0]), mask)), 4)  # ln 2
        0.6931
    """
    logits = at_least_float32(logits)
    log_p = _masked_log_softmax(logits, _mask(mask, logits))
    return -ops.mean(ops.take_along_axis(log_p, ops.cast(labels, "int32")[:, None], axis=-1))


def sigmoid_distillation(
    logits: Any, labels: Any, old_logits: Any, new: Any, old: Any, temperature: float = 1.0
) -> Any:
    """The loss of iCaRL (Rebuffi et al. 2017, "iCaRL: Incremental Classifier and Representation
    Learning", arXiv:1611.07725, algorithm 3): one binary cross-entropy per class, on sigmoid
    outputs g = sigmoid(logits).

    The target t of a new class is 1 for the label and 0 otherwise. That of an old class is
    sigmoid(old_logits / T), for the exemplars of old classes too. loss = mean_i sum_c -(t log g +
    (1 - t) log(1 - g)), c over new and old classes.

    The sum over classes is the paper's. Its code (srebuffi/iCaRL) averages over all C outputs,
    which is C times smaller and the reason of its learning rate of 2.

    Args:
        logits: (N, C), any float dtype.
        labels: (N,) integers.
        old_logits: (N, C) of the network as it was before this task. No gradient reaches it.
        new, old: (C,) booleans, the classes of this task and of the tasks before it.
        temperature: T > 0. The paper has none, 1. Van de Ven's code (GMvandeVen/continual-learning)
            takes 2: an old network that is sure of every image, new ones too, says nothing about
            them.

    Returns:
        A scalar >= 0 of float32 (float64 for float64 inputs).

    Raises:
        ValueError: shapes other than (N, C) twice, or temperature <= 0.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> logits, new = np.zeros((1, 2), "float32"), np.array([True, True])
        >>> loss = losses.sigmoid_distillation(logits, np.array([0]), logits, new, ~new)
        >>> round(float(loss), 4)  # 2 ln 2
        1.3863
    """
    above("temperature", temperature, 0)
    logits, old_logits = at_least_float32(logits), at_least_float32(old_logits)
    check_pairs("logits and old_logits", logits, old_logits)
    new, old = _mask(new, logits), _mask(old, logits)
    one_hot = ops.one_hot(ops.cast(labels, "int32"), logits.shape[-1], dtype=logits.dtype)
    target = ops.where(old, ops.sigmoid(ops.stop_gradient(old_logits) / temperature), one_hot)
    # -(t log g + (1 - t) log(1 - g)), without an overflow for any logit
    terms = ops.softplus(logits) - target * logits  # (N, C)
    return ops.mean(ops.sum(ops.where(ops.logical_or(new, old), terms, 0.0), axis=-1))


def _masked_log_softmax(logits: Any, mask: Any) -> Any:
    # finite: minus infinity makes NaN gradients
    lowest = float(np.finfo(backend.standardize_dtype(logits.dtype)).min)
    return ops.log_softmax(ops.where(mask, logits, lowest), axis=-1)


def _mask(mask: Any, logits: Any) -> Any:
    """(C,) booleans: `mask`, or all classes."""
    return ops.ones(logits.shape[-1], "bool") if mask is None else ops.cast(mask, "bool")
