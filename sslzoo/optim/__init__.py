"""Optimizers and schedules of the papers. None decays biases and BatchNorm's scales and shifts."""

from typing import Any

import keras

from sslzoo.checks import at_least, one_of, refused
from sslzoo.optim.adamw import AdamW
from sslzoo.optim.lars import LARS
from sslzoo.optim.schedules import FixMatchCosine, WarmupCosine, cosine_ema, scaled_learning_rate
from sslzoo.optim.sgd import SGD

OPTIMIZERS = {
    "sgd": SGD,
    "lars": LARS,
    "adam": keras.optimizers.Adam,
    "adamw": AdamW,
    "rmsprop": keras.optimizers.RMSprop,
    "adagrad": keras.optimizers.Adagrad,
}
WITHOUT_DECAY = ("adam", "rmsprop", "adagrad")  # Keras' would shrink biases too


def build(name: str, learning_rate: Any, **kwargs: Any) -> keras.optimizers.Optimizer:
    """Build an optimizer: "sgd", "lars", "adam", "adamw", "rmsprop" or "adagrad". SGD and LARS have
    momentum 0.9 and coupled weight decay. That of AdamW is decoupled.

    Args:
        name: A key of `OPTIMIZERS`.
        learning_rate: A number, or a schedule such as `WarmupCosine`.
        **kwargs: the constructor's own.

    Raises:
        ValueError: The name is unknown, the learning rate is below 0, or "adam", "rmsprop" or
            "adagrad" gets a weight_decay. Keras' decay would shrink biases too.

    Example:
        >>> from sslzoo import optim
        >>> optim.build("sgd", 0.1).momentum
        0.9
    """
    one_of("optimizer", name, OPTIMIZERS)
    if name in WITHOUT_DECAY and kwargs.get("weight_decay"):
        needed = f"be 0 for {name}; sgd, lars and adamw have it"
        raise refused("weight_decay", kwargs["weight_decay"], needed)
    if isinstance(learning_rate, (int, float)):
        learning_rate = float(at_least("learning_rate", learning_rate, 0))
    return OPTIMIZERS[name](learning_rate, **kwargs)


__all__ = [
    "AdamW",
    "FixMatchCosine",
    "LARS",
    "OPTIMIZERS",
    "SGD",
    "WarmupCosine",
    "build",
    "cosine_ema",
    "scaled_learning_rate",
]
