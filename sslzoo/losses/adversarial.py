"""The losses of the two players of a GAN, on logits (N, ...)."""

from typing import Any

from keras import ops


def discriminator_loss(real: Any, fake: Any) -> Any:
    """mean(-log sigmoid(real)) + mean(-log(1 - sigmoid(fake))).

    Goodfellow et al. 2014, arXiv:1406.2661, equation 1.

    Args:
        real: (N, ...) logits of real items, any float dtype.
        fake: (M, ...) logits of generated items.

    Returns:
        A float32 scalar >= 0.

    Example:
        >>> from keras import ops
        >>> from sslzoo import losses
        >>> round(float(losses.discriminator_loss(ops.zeros((2, 1)), ops.zeros((2, 1)))), 4)
        1.3863
    """
    return ops.mean(ops.softplus(-_float(real))) + ops.mean(ops.softplus(_float(fake)))


def generator_loss(fake: Any) -> Any:
    """mean(-log sigmoid(fake)): the form that does not saturate while the discriminator wins.

    Goodfellow et al. 2014, section 3; Ledig et al. 2017, arXiv:1609.04802, equation 6, as a sum
    over the batch.

    Args:
        fake: (N, ...) logits of generated items, any float dtype.

    Returns:
        A float32 scalar >= 0.

    Example:
        >>> from keras import ops
        >>> from sslzoo import losses
        >>> round(float(losses.generator_loss(ops.zeros((2, 1)))), 4)
        0.6931
    """
    return ops.mean(ops.softplus(-_float(fake)))


def _float(logits: Any) -> Any:
    return ops.cast(logits, "float32")
