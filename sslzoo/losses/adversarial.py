"""The losses of the two players of a GAN, on logits (N, ...)."""

from keras import ops


def discriminator_loss(real, fake):
    """mean(-log sigmoid(real)) + mean(-log(1 - sigmoid(fake))) (Goodfellow et al. 2014,
    arXiv:1406.2661, equation 1).
    """
    return ops.mean(ops.softplus(-_float(real))) + ops.mean(ops.softplus(_float(fake)))


def generator_loss(fake):
    """mean(-log sigmoid(fake)): the form that does not saturate while the discriminator wins
    (section 3 there; Ledig et al. 2017, equation 6, as a sum over the batch).
    """
    return ops.mean(ops.softplus(-_float(fake)))


def _float(logits):
    return ops.cast(logits, "float32")
