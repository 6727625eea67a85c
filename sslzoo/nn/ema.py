"""Exponential moving averages of networks: momentum encoders, target networks, mean teachers."""

import keras
from keras import ops


def target(network):
    """A frozen twin that starts as an exact copy of a Functional network.

    Its variables are taken out of training one by one: `trainable = False` on the layers would put BatchNorm into
    inference mode, and a target normalises by its own batch (the codes of BYOL and MoCo).
    """
    twin = keras.models.clone_model(network)
    twin.name = f"target_{network.name}"
    twin.set_weights(network.get_weights())  # through host arrays: JAX donates buffers, so none may be shared
    for variable in twin.trainable_variables:
        variable.trainable = False
    return twin


def parameters(network):
    """What gradient descent would train, frozen or not: every weight but the BatchNorm statistics."""
    return [v for v in network.weights if v.name not in ("moving_mean", "moving_variance")]


def update(source, target, momentum):
    """target <- momentum * target + (1 - momentum) * source, for parameters only: statistics stay the target's own."""
    for mine, theirs in zip(parameters(target), parameters(source), strict=True):
        mine.assign(ops.cast(momentum, mine.dtype) * mine + ops.cast(1.0 - momentum, mine.dtype) * theirs)
