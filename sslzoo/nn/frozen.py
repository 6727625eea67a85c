"""A network whose weights are constants."""

from keras import ops


def frozen(network):
    """`network` as a function in whose eyes its weights are constants: gradients reach the input
    alone.

    One player of a game is judged by the other: the loss of the generator runs through the
    discriminator and must leave it as it is. BatchNorm normalises as `training` says; what it would
    add to its statistics is dropped.

    Args:
        network: a built `keras.Model`.

    Returns:
        A function (x, training=False) -> outputs.
    """

    def call(x, training=False):
        weights = [
            [ops.stop_gradient(variable.value) for variable in group]
            for group in (network.trainable_variables, network.non_trainable_variables)
        ]
        outputs, _ = network.stateless_call(*weights, x, training=training)
        return outputs

    return call
