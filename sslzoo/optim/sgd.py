"""SGD with the weight decay that the recipes of self-supervised learning use."""

from typing import Any

import keras
from keras import ops

from sslzoo.checks import at_least


@keras.saving.register_keras_serializable("sslzoo")
class SGD(keras.optimizers.SGD):
    """Momentum SGD with L2 weight decay in the gradient, and none on biases and BatchNorm's scales
    and shifts.

        g <- g + weight_decay * w   (only variables of two or more axes)
        v <- momentum * v - learning_rate * g
        w <- w + v

    `keras.optimizers.SGD(weight_decay=...)` is another method. It shrinks the weights beside the
    gradient step, so the decay does not build up in the velocity: at momentum 0.9 it is a tenth as
    strong. And it shrinks BatchNorm's too.

    The learning rate goes into the velocity, as in Keras and in the official SimCLR code. torch
    keeps it out (buf <- momentum * buf + g; w <- w - learning_rate * buf): the same weights while
    the learning rate is constant. When it changes, Keras' velocity still carries the former one for
    about 1 / (1 - momentum) steps.

    Args:
        learning_rate: float or schedule.
        momentum: 0.9, as in every recipe here (Keras' default is 0).
        nesterov: As in Keras.
        weight_decay: coefficient of the L2 term's gradient, at least 0. Kept as `l2`, because Keras
            would apply an attribute `weight_decay` once more in its own way.
        **kwargs: the other arguments of `keras.optimizers.SGD`. Clipping comes before the decay, as
            in torch.

    Raises:
        ValueError: weight_decay below 0; momentum outside [0, 1] (Keras).

    Example:
        >>> from sslzoo import optim
        >>> optim.SGD(0.1, weight_decay=5e-4).get_config()["weight_decay"]
        0.0005
    """

    def __init__(
        self,
        learning_rate: Any,
        momentum: float = 0.9,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, momentum=momentum, nesterov=nesterov, **kwargs)
        self.l2 = at_least("weight_decay", weight_decay, 0)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if self.l2 and len(variable.shape) > 1:
            gradient = ops.add(ops.cast(gradient, variable.dtype), ops.multiply(variable, self.l2))
        super().update_step(gradient, variable, learning_rate)

    def get_config(self) -> dict:
        return {**super().get_config(), "weight_decay": self.l2}
