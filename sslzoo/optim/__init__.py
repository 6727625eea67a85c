"""Optimisers and schedules of the papers. None decays biases and BatchNorm's scales and shifts."""

import keras

from sslzoo.errors import unknown
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


def build(name, learning_rate, **kwargs):
    """The optimizer of that name: "sgd" and "lars" (momentum 0.9, coupled weight decay), "adam",
    "adamw" (decoupled), "rmsprop", "adagrad".

    Args:
        name: a key of `OPTIMIZERS`.
        learning_rate: a number, or a schedule such as `WarmupCosine`.
        **kwargs: the constructor's own.

    Raises:
        ValueError: another name, a learning rate below 0, or weight_decay for "adam" (Keras' would
        shrink biases too).
    """
    if name not in OPTIMIZERS:
        raise ValueError(unknown("optimizer", name, OPTIMIZERS))
    if name == "adam" and kwargs.get("weight_decay"):
        raise ValueError(
            f"optimizer adam has no weight_decay, got {kwargs['weight_decay']}; use adamw."
        )
    if isinstance(learning_rate, (int, float)):
        if learning_rate < 0:
            raise ValueError(f"learning_rate must be at least 0, got {learning_rate}.")
        learning_rate = float(learning_rate)
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
