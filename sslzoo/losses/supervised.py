"""Contrastive losses whose positives are the items of the same class."""

from typing import Any

import numpy as np
from keras import backend, ops

from sslzoo.checks import above, refused
from sslzoo.losses.normalize import l2_normalize


def sup_con(z: Any, labels: Any, temperature: float = 0.1) -> Any:
    """The supervised contrastive loss (Khosla et al. 2020, "Supervised Contrastive Learning",
    arXiv:2004.11362, equation 2, L_out: the mean over positives outside the logarithm).

    With s the cosine similarity and P(i) the other rows of the class of row i:
    loss_i = -1/|P(i)| sum_{p in P(i)} log( exp(s(i, p) / T) / sum_{k != i} exp(s(i, k) / T) );
    loss = mean of loss_i over the rows that have a positive. Without any it is 0.

    The official code (HobbitLong/SupContrast, losses.py) multiplies by T / 0.07, which the paper
    does not.

    Under data parallelism, z and labels must be those of the global batch.

    Args:
        z: (N, D) projections, of several views one after the other, any float dtype, of any length:
            the formula's normalization is here.
        labels: (N,) integers, those of the views of an item alike.
        temperature: T > 0. The paper has 0.1.

    Returns:
        A scalar >= 0 of at least float32. Memory: one (N, N) matrix.

    Raises:
        ValueError: z is not (N, D), labels are not (N,), or the temperature is not above 0.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> z = np.ones((3, 2), "float32")
        >>> round(float(losses.sup_con(z, np.array([0, 0, 1]))), 4)  # log 2
        0.6931
    """
    above("temperature", temperature, 0)
    z, labels = l2_normalize(z), ops.convert_to_tensor(labels)
    if len(z.shape) != 2 or len(labels.shape) != 1 or labels.shape[0] != z.shape[0]:
        shapes = f"shapes {tuple(z.shape)} and {tuple(labels.shape)}"
        raise refused("z and labels", shapes, "be of shapes (N, D) and (N,)")
    similarity = ops.matmul(z, ops.transpose(z)) / temperature  # (N, N)
    itself = ops.eye(ops.shape(z)[0], dtype="bool")
    lowest = float(np.finfo(backend.standardize_dtype(z.dtype)).min)
    log_sum = ops.logsumexp(ops.where(itself, lowest, similarity), axis=1)  # (N,)
    same = ops.logical_and(labels[:, None] == labels[None, :], ops.logical_not(itself))
    same = ops.cast(same, z.dtype)
    positives = ops.sum(same, axis=1)  # |P(i)|
    mean_similarity = ops.sum(same * similarity, axis=1) / ops.maximum(positives, 1.0)
    counts = ops.cast(positives > 0, z.dtype)
    return ops.sum(counts * (log_sum - mean_similarity)) / ops.maximum(ops.sum(counts), 1.0)
