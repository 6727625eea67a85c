"""A network whose weights are constants."""

from collections.abc import Callable

import keras
from keras import ops


def frozen(network: keras.Model) -> Callable:
    """`network` as a function in whose eyes its weights are constants: gradients reach the input
    alone.

    One player of a game is judged by the other: the loss of the generator runs through the
    discriminator and must leave it as it is. BatchNorm normalizes as `training` says; what it would
    add to its statistics is dropped.

    Args:
        network: a built `keras.Model`.

    Returns:
        A function (x, training=False) -> outputs.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> judge = nn.frozen(nn.backbone("micro", 8))
        >>> tuple(judge(np.zeros((2, 8, 8, 3), "float32"), training=True).shape)
        (2, 16)
    """

    def constants(variables):
        return [ops.stop_gradient(variable.value) for variable in variables]

    def call(x, training=False):
        trainable = constants(network.trainable_variables)
        others = constants(network.non_trainable_variables)
        outputs, _ = network.stateless_call(trainable, others, x, training=training)
        return outputs

    return call
