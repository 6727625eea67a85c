"""Exponential moving averages of networks: momentum encoders, target networks, mean teachers."""

import keras
from keras import ops

STATISTICS = ("moving_mean", "moving_variance")


def target(network):
    """A frozen twin that starts as an exact copy of a Functional network.

    Its variables are taken out of training one by one: `trainable = False` on the layers would put
    BatchNorm into inference mode, and a target normalises by its own batch (the codes of BYOL and
    MoCo).
    """
    twin = keras.models.clone_model(network)
    twin.name = f"target_{network.name}"
    # through host arrays: JAX donates buffers, so none may be shared
    twin.set_weights(network.get_weights())
    for variable in twin.trainable_variables:
        variable.trainable = False
    return twin


def parameters(network):
    """What gradient descent would train, frozen or not: every weight but BatchNorm's statistics and
    integers.
    """
    return [v for v in network.weights if v.name not in STATISTICS and "int" not in v.dtype]


def update(source, target, momentum):
    """target <- momentum * target + (1 - momentum) * source, for parameters only: statistics stay
    the target's own.
    """
    _average(parameters(source), parameters(target), momentum)


def update_for_evaluation(source, average, momentum):
    """average <- momentum * average + (1 - momentum) * source, statistics too: for a twin that
    never sees a batch of its own.

    The mean of a linear map's outputs is linear in its weights: averaged weights go with averaged
    statistics, exactly in the first layer. (google-research/fixmatch, TorchSSL and USB average
    parameters only and evaluate with the source's current statistics.)
    """
    update(source, average, momentum)
    _average(
        *([v for v in network.weights if v.name in STATISTICS] for network in (source, average)),
        momentum,
    )


def warmed_up(momentum, step):
    """min(momentum, (1 + step) / (10 + step)), step counted from 0: early on the average is over
    few steps, so that a short run does not evaluate its initial weights
    (tf.train.ExponentialMovingAverage with num_updates).

    At step 1,500 a constant .999 would still hold 22 % of them; this holds none, and reaches .999
    at step 8,990.
    """
    step = ops.cast(step, "float32")
    return ops.minimum(momentum, (1.0 + step) / (10.0 + step))


def _average(source, target, momentum):
    for mine, theirs in zip(target, source, strict=True):
        mine.assign(
            ops.cast(momentum, mine.dtype) * mine + ops.cast(1.0 - momentum, mine.dtype) * theirs
        )
