"""A network whose weights are constants, and one whose statistics stay."""

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
    return _stateless(network, ops.stop_gradient)


def unrecorded(network: keras.Model) -> Callable:
    """`network` as a function that leaves BatchNorm's statistics as they are. Gradients reach its
    weights and the input.

    For passes over images that no test image is like, such as adversarial ones.

    Args, returns: as for `frozen`.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> network = nn.backbone("micro", 8)
        >>> before = network.get_weights()
        >>> outputs = nn.unrecorded(network)(np.ones((2, 8, 8, 3), "float32"), training=True)
        >>> pairs = zip(before, network.get_weights(), strict=True)
        >>> all((old == new).all() for old, new in pairs)
        True
    """
    return _stateless(network, ops.convert_to_tensor)


def _stateless(network: keras.Model, value_of: Callable) -> Callable:
    """Calls of the network with `value_of` its variables; new values of these are dropped."""

    def call(x, training=False):
        trainable = [value_of(variable.value) for variable in network.trainable_variables]
        others = [value_of(variable.value) for variable in network.non_trainable_variables]
        outputs, _ = network.stateless_call(trainable, others, x, training=training)
        return outputs

    return call
