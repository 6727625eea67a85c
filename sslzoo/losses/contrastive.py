"""Losses that distinguish the other view of an image from other images."""

import math
from typing import Any

import numpy as np
from keras import backend, ops

from sslzoo.checks import above, at_least, in_range, refused
from sslzoo.losses.normalize import check_pairs, l2_normalize


def nt_xent(
    z1: Any, z2: Any, temperature: float = 0.5, hardness: float = 0.0, class_prior: float = 0.0
) -> Any:
    """NT-Xent of SimCLR (Chen et al. 2020, "A Simple Framework for Contrastive Learning of Visual
    Representations", arXiv:2002.05709, equation 1).

    For row i of the 2N rows, its other view p(i) and s(a, b) the cosine similarity:
    loss_i = -log( exp(s(i, p(i)) / T) / sum_{k != i} exp(s(i, k) / T) );   loss = mean of loss_i
    over the 2N rows. The denominator holds the other 2N - 1 rows, those of the same view included.

    The mean over 2N rows is the paper's (and lightly's) form. The official TensorFlow code
    (google-research/simclr, tf2/objective.py) adds the two directions and is exactly twice this
    value.

    With a hardness or a class prior the denominator is that of Robinson et al. 2021, "Contrastive
    Learning with Hard Negative Samples", arXiv:2010.04592, equation 4. With P = exp(s(i, p(i)) / T)
    and e_k = exp(s(i, k) / T) of the M = 2N - 2 negatives, it is P + G:
    G = max( (M * sum_k e_k^(1 + hardness) / sum_k e_k^hardness - M * class_prior * P)
    / (1 - class_prior), M exp(-1 / T) ). As in the official code (joshr17/HCL, image/main.py),
    gradients flow through the weights e_k^hardness.

    Under data parallelism, z1 and z2 must be those of the global batch, gathered with gradients.

    Args:
        z1: (N, D) projections of the first views, any float dtype, of any length: the formula's
            normalization is here.
        z2: (N, D) projections of the second views, row for row the same images.
        temperature: T > 0. The paper uses 0.1 on ImageNet and 0.5 on CIFAR-10.
        hardness: beta >= 0. How much similar negatives count more than others. 0: all alike. The
            official code of hard negatives has 1.
        class_prior: tau+ in 0..1, the share of negatives that are of the row's own class. The same
            code has 0.1.

    Returns:
        A scalar >= 0 of float32, or of float64 for float64 inputs. Half precision is cast up first.
        If all embeddings are alike, it is log(2N - 1). Memory: one (2N, 2N) matrix.

    Raises:
        ValueError: The shapes are not (N, D) twice, there are fewer than 2 pairs, the temperature
            is not above 0, or hardness or class prior is out of range.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> alike = np.ones((2, 3), "float32")
        >>> round(float(losses.nt_xent(alike, alike)), 4)  # log 3
        1.0986
    """
    at_least("hardness", hardness, 0)
    in_range("class_prior", class_prior, 0, 1, high_open=True)
    similarity, positive = _similarities(z1, z2, temperature)
    rows = 2 * ops.shape(z1)[0]
    if not hardness and not class_prior:
        others = _without(similarity, ops.eye(rows, dtype="bool"))
        return ops.mean(ops.logsumexp(others, axis=1)) - ops.mean(positive)
    similarity, positive = similarity - 1 / temperature, positive - 1 / temperature  # no overflow
    own = _own_image(rows)
    negatives = ops.cast(rows - 2, similarity.dtype)  # M
    hard = ops.logsumexp(_without((1 + hardness) * similarity, own), axis=1)
    hard = hard - ops.logsumexp(_without(hardness * similarity, own), axis=1)
    unlike = ops.exp(hard) - class_prior * ops.exp(positive)
    least = math.exp(max(-2 / temperature, -80.0))  # above 0 in float32
    unlike = ops.maximum(unlike / (1 - class_prior), least)
    denominator = ops.logaddexp(positive, ops.log(negatives * unlike))
    return ops.mean(denominator - positive)


def dcl(z1: Any, z2: Any, temperature: float = 0.1) -> Any:
    """The decoupled contrastive loss (Yeh et al. 2022, "Decoupled Contrastive Learning",
    arXiv:2110.06848, equation 6): NT-Xent without the positive in the denominator.

    loss_i = -s(i, p(i)) / T + log sum_{k not of the same image} exp(s(i, k) / T);   loss = mean of
    loss_i over the 2N rows. The denominator holds 2N - 2 rows. A published code
    (raminnakhli/Decoupled-Contrastive-Learning, loss/dcl.py) adds the two directions and is exactly
    twice this value.

    Args:
        z1, z2, temperature: As for `nt_xent`. The paper has 0.1 on ImageNet and 0.07 on CIFAR-10.

    Returns:
        A scalar of at least float32, which may be below 0. If all embeddings are alike, it is
        log(2N - 2).

    Raises:
        ValueError: as `nt_xent`.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> alike = np.ones((2, 3), "float32")
        >>> round(float(losses.dcl(alike, alike)), 4)  # log 2
        0.6931
    """
    similarity, positive = _similarities(z1, z2, temperature)
    others = _without(similarity, _own_image(2 * ops.shape(z1)[0]))
    return ops.mean(ops.logsumexp(others, axis=1) - positive)


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


def info_nce_batch(queries: Any, keys: Any, temperature: float = 1.0) -> Any:
    """InfoNCE with the keys of the batch as negatives, of MoCo v3 (Chen et al. 2021,
    arXiv:2104.02057, equation 1).

    With s the cosine similarity: loss_i = -log( exp(s(q_i, k_i) / T) / sum_j exp(s(q_i, k_j) / T)
    ); loss = mean of loss_i. Other queries are not negatives.

    Args:
        queries, keys: (N, D), row for row of the same items, any float dtype, of any length: the
            formula's normalization is here.
        temperature: T > 0. The official code has 1 for ResNet-50 and 0.2 for vision transformers.

    Returns:
        A scalar >= 0 of at least float32. Memory: one (N, N) matrix.

    Raises:
        ValueError: shapes other than these, or temperature <= 0.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> q = np.ones((4, 2), "float32")
        >>> round(float(losses.info_nce_batch(q, q)), 4)  # log 4
        1.3863
    """
    above("temperature", temperature, 0)
    queries, keys = l2_normalize(queries), l2_normalize(keys)
    check_pairs("queries and keys", queries, keys)
    logits = ops.matmul(queries, ops.transpose(keys)) / temperature  # (N, N)
    return ops.mean(ops.logsumexp(logits, axis=1) - ops.diagonal(logits))


def _similarities(z1: Any, z2: Any, temperature: float) -> tuple[Any, Any]:
    """The similarities / T of all 2N rows (2N, 2N), and those of each row and its other view
    (2N,).
    """
    above("temperature", temperature, 0)
    z1, z2 = l2_normalize(z1), l2_normalize(z2)
    check_pairs("z1 and z2", z1, z2)
    if z1.shape[0] is not None and z1.shape[0] < 2:
        raise refused("z1", f"{z1.shape[0]} rows", "have at least 2, to tell one from another")
    count = ops.shape(z1)[0]
    z = ops.concatenate([z1, z2], axis=0)  # (2N, D)
    similarity = ops.matmul(z, ops.transpose(z)) / temperature  # (2N, 2N)
    # The positives are read from the matrix that the denominator sums, not computed again: a GPU
    # multiplies matrices in TF32, and a difference of two roundings could make the loss negative.
    positive = ops.diagonal(similarity[:count, count:])  # (N,)
    return similarity, ops.concatenate([positive, positive], axis=0)


def _own_image(rows: Any) -> Any:
    """Where a row of 2N meets itself or its other view, bool (2N, 2N)."""
    place = ops.arange(rows) % (rows // 2)
    return place[:, None] == place[None, :]


def _without(similarity: Any, mask: Any) -> Any:
    """Minus infinity, nearly, where the mask is."""
    lowest = float(np.finfo(backend.standardize_dtype(similarity.dtype)).min)
    return ops.where(mask, lowest, similarity)
