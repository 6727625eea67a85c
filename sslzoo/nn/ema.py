"""Exponential moving averages of networks: momentum encoders, target networks, mean teachers."""

from typing import Any

import keras
from keras import ops

STATISTICS = ("moving_mean", "moving_variance")


def target(network: keras.Model) -> keras.Model:
    """A frozen twin that starts as an exact copy of a Functional network.

    Its variables are taken out of training one by one: `trainable = False` on the layers would put
    BatchNorm into inference mode, and a target normalizes by its own batch (the codes of BYOL and
    MoCo).

    Example:
        >>> from sslzoo import nn
        >>> from sslzoo.nn import ema
        >>> twin = ema.target(nn.backbone("micro", 8))
        >>> len(twin.trainable_variables), len(ema.parameters(twin))
        (0, 6)
    """
    twin = keras.models.clone_model(network)
    twin.name = f"target_{network.name}"
    copy(network, twin)
    for variable in twin.trainable_variables:
        variable.trainable = False
    return twin


def copy(source: keras.Model, target: keras.Model) -> None:
    """target <- source, every weight, statistics too.

    Through host arrays: on JAX two variables must not share a buffer, since it is donated to the
    next step.

    Example:
        >>> from sslzoo import nn
        >>> from sslzoo.nn import ema
        >>> source, target = nn.backbone("micro", 8, seed=0), nn.backbone("micro", 8, seed=1)
        >>> ema.copy(source, target)
        >>> bool((source.get_weights()[0] == target.get_weights()[0]).all())
        True
    """
    target.set_weights(source.get_weights())


def parameters(network: keras.Model) -> list[keras.Variable]:
    """What gradient descent would train, frozen or not: every weight but BatchNorm's statistics and
    integers.

    Example:
        >>> from sslzoo import nn
        >>> from sslzoo.nn import ema
        >>> [variable.name for variable in ema.parameters(nn.backbone("micro", 8))][:3]
        ['kernel', 'gamma', 'beta']
    """
    return [v for v in network.weights if v.name not in STATISTICS and "int" not in v.dtype]


def update(source: keras.Model, target: keras.Model, momentum: Any) -> None:
    """target <- momentum * target + (1 - momentum) * source, for parameters only: statistics stay
    the target's own.

    Example:
        >>> from sslzoo import nn
        >>> from sslzoo.nn import ema
        >>> online = nn.backbone("micro", 8)
        >>> ema.update(online, ema.target(online), momentum=0.99)
    """
    _average(parameters(source), parameters(target), momentum)


def update_for_evaluation(source: keras.Model, average: keras.Model, momentum: Any) -> None:
    """average <- momentum * average + (1 - momentum) * source, statistics too: for a twin that
    never sees a batch of its own.

    The mean of a linear map's outputs is linear in its weights. So averaged weights go with
    averaged statistics, exactly in the first layer. (google-research/fixmatch, TorchSSL and USB
    average parameters only and evaluate with the source's current statistics.)

    Example:
        >>> from sslzoo import nn
        >>> from sslzoo.nn import ema
        >>> student = nn.backbone("micro", 8)
        >>> ema.update_for_evaluation(student, ema.target(student), momentum=0.999)
    """
    update(source, average, momentum)
    _average(_statistics(source), _statistics(average), momentum)


def warmed_up(momentum: float, step: Any) -> Any:
    """min(momentum, (1 + step) / (10 + step)), step counted from 0.

    Early on the average is over few steps, so that a short run does not evaluate its initial
    weights (tf.train.ExponentialMovingAverage with num_updates). At step 1,500 a constant 0.999
    would still hold 22 % of them. This holds none, and reaches 0.999 at step 8,990.

    Example:
        >>> from sslzoo.nn import ema
        >>> [round(float(ema.warmed_up(0.999, step)), 3) for step in (0, 90, 10_000)]
        [0.1, 0.91, 0.999]
    """
    step = ops.cast(step, "float32")
    return ops.minimum(momentum, (1.0 + step) / (10.0 + step))


def _statistics(network: keras.Model) -> list[keras.Variable]:
    return [v for v in network.weights if v.name in STATISTICS]


def _average(source: list, target: list, momentum: Any) -> None:
    for mine, theirs in zip(target, source, strict=True):
        old, new = ops.cast(momentum, mine.dtype), ops.cast(1.0 - momentum, mine.dtype)
        mine.assign(old * mine + new * theirs)
