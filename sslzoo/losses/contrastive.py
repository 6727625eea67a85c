"""Losses that distinguish the other view of an image from other images."""

from typing import Any

import numpy as np
from keras import backend, ops

from sslzoo.checks import above, refused
from sslzoo.losses.normalize import check_pairs, l2_normalize


def nt_xent(z1: Any, z2: Any, temperature: float = 0.5) -> Any:
    """NT-Xent of SimCLR (Chen et al. 2020, "A Simple Framework for Contrastive Learning of Visual
    Representations", arXiv:2002.05709, equation 1).

    For row i of the 2N rows, its other view p(i) and s(a, b) the cosine similarity:
    loss_i = -log( exp(s(i, p(i)) / T) / sum_{k != i} exp(s(i, k) / T) );   loss = mean of loss_i
    over the 2N rows. The denominator holds the other 2N - 1 rows, those of the same view included.

    The mean over 2N rows is the paper's (and lightly's) form. The official TensorFlow code
    (google-research/simclr, tf2/objective.py) adds the two directions and is exactly twice this
    value.

    Under data parallelism, z1 and z2 must be those of the global batch, gathered with gradients.

    Args:
        z1: (N, D) projections of the first views, any float dtype, of any length: the formula's
            normalization is here.
        z2: (N, D) projections of the second views, row for row the same images.
        temperature: T > 0. The paper uses 0.1 on ImageNet and 0.5 on CIFAR-10.

    Returns:
        A scalar >= 0 of float32, or of float64 for float64 inputs. Half precision is cast up first.
        If all embeddings are alike, it is log(2N - 1). Memory: one (2N, 2N) matrix.

    Raises:
        ValueError: The shapes are not (N, D) twice, there are fewer than 2 pairs, or the
            temperature is not above 0.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> alike = np.ones((2, 3), "float32")
        >>> round(float(losses.nt_xent(alike, alike)), 4)  # log 3
        1.0986
    """
    above("temperature", temperature, 0)
    z1, z2 = l2_normalize(z1), l2_normalize(z2)
    check_pairs("z1 and z2", z1, z2)
    if z1.shape[0] is not None and z1.shape[0] < 2:
        raise refused("z1", f"{z1.shape[0]} rows", "have at least 2, to tell one from another")
    count = ops.shape(z1)[0]
    z = ops.concatenate([z1, z2], axis=0)  # (2N, D)
    similarity = ops.matmul(z, ops.transpose(z)) / temperature  # (2N, 2N)
    lowest = float(np.finfo(backend.standardize_dtype(z.dtype)).min)
    others = ops.where(ops.eye(2 * count, dtype="bool"), lowest, similarity)
    # The positives are read from the matrix that the denominator sums, not computed again: a GPU
    # multiplies matrices in TF32, and a difference of two roundings could make the loss negative.
    positive = ops.diagonal(similarity[:count, count:])  # (N,)
    return ops.mean(ops.logsumexp(others, axis=1)) - ops.mean(positive)


def info_nce(queries: Any, keys: Any, queue: Any, temperature: float = 0.2) -> Any:
    """InfoNCE of MoCo (He et al. 2020, arXiv:1911.05722, equation 1).

    It distinguishes the key of the same item from those in a queue.

    With s the cosine similarity:
    loss_i = -log( exp(s(q_i, k_i) / T) / (exp(s(q_i, k_i) / T) + sum_n exp(s(q_i, n) / T)) );
    loss = mean of loss_i. The other keys of the batch are not negatives.

    Args:
        queries: (N, D), any float dtype, of any length: the formula's normalization is here.
        keys: (N, D), row for row of the same items, of any length. Constants in MoCo.
        queue: (K, D), the negatives n, of length 1 already.
        temperature: T > 0. Version 1 has 0.07, version 2 has 0.2.

    Returns:
        A scalar >= 0 of at least float32. Memory: one (N, K) matrix.

    Raises:
        ValueError: shapes other than these, or temperature <= 0.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> q = np.eye(2, dtype="float32")
        >>> round(float(losses.info_nce(q, q, -q, temperature=1.0)), 4)
        0.4076
    """
    above("temperature", temperature, 0)
    queries, keys = l2_normalize(queries), l2_normalize(keys)
    check_pairs("queries and keys", queries, keys)
    queue = ops.cast(queue, queries.dtype)
    positive = ops.sum(queries * keys, axis=-1, keepdims=True)  # (N, 1)
    negative = ops.matmul(queries, ops.transpose(queue))  # (N, K)
    logits = ops.concatenate([positive, negative], axis=1) / temperature
    return ops.mean(ops.logsumexp(logits, axis=1) - logits[:, 0])
