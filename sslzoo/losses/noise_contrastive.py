"""Noise-contrastive estimation: data told from uniform noise."""

import math
from typing import Any

from keras import ops

from sslzoo.checks import refused, whole
from sslzoo.losses.normalize import at_least_float32


def nce(positive: Any, noise: Any, size: int) -> Any:
    """The loss of instance discrimination (Wu et al. 2018, "Unsupervised Feature Learning via
    Non-Parametric Instance Discrimination", arXiv:1805.01978, equations 6 and 7).

    With P the model's probabilities of the item itself and of M others, drawn uniformly from `size`
    items, and h(P) = P / (P + M / size):
    loss_i = -log h(P_i) - sum_m log(1 - h(P_im));   loss = mean of loss_i.

    Args:
        positive: (N,) logarithms of P of the item itself, any float dtype.
        noise: (N, M) logarithms of P of the items that were drawn.
        size: Items of the data set.

    Returns:
        A scalar >= 0 of at least float32.

    Raises:
        ValueError: other shapes, or a size below 1.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> even = np.log(2 / 10)  # as likely as the noise
        >>> round(float(losses.nce(np.full(3, even), np.full((3, 2), even), 10)), 4)  # 3 log 2
        2.0794
    """
    whole("size", size, 1)
    positive, noise = at_least_float32(positive), at_least_float32(noise)
    if len(positive.shape) != 1 or len(noise.shape) != 2:
        shapes = f"shapes {tuple(positive.shape)} and {tuple(noise.shape)}"
        raise refused("positive and noise", shapes, "be of shapes (N,) and (N, M)")
    log_noise = math.log(noise.shape[1] / size)
    # log h = -softplus(-x) and log(1 - h) = -softplus(x) of x = log P - log(M / size)
    itself = ops.softplus(log_noise - positive)  # (N,)
    others = ops.sum(ops.softplus(noise - log_noise), axis=1)
    return ops.mean(itself + others)
