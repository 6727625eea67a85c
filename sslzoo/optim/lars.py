"""LARS, the optimizer of the large-batch recipes."""

from typing import Any

import keras
from keras import ops

from sslzoo.checks import above, at_least, in_range


@keras.saving.register_keras_serializable("sslzoo")
class LARS(keras.optimizers.Optimizer):
    """Layer-wise adaptive rate scaling (You et al. 2017, arXiv:1708.03888), as in the runs of
    SimCLR and BYOL.

    For each variable w with gradient g, as google-research/simclr, tf2/lars_optimizer.py (its
    defaults: classic momentum, no Nesterov):
        g <- g + weight_decay * w
        r  = trust_coefficient * |w| / |g|, or 1 where either norm is 0
        v <- momentum * v + learning_rate * r * g
        w <- w - v
    Variables of at most one axis (biases, BatchNorm's scales and shifts) get neither decay nor
    adaptation (r = 1). The official code finds them by name; the number of axes does not depend on
    names.

    Args:
        learning_rate: float or schedule. LARS wants large ones: SimCLR 0.3 * batch / 256, BYOL 0.2
            * batch / 256.
        momentum: in [0, 1]; 0.9 (official code).
        trust_coefficient: above 0; 0.001 (official code's eeta).
        weight_decay: at least 0; SimCLR 1e-6 on ImageNet and 1e-4 in the official CIFAR-10 run,
            BYOL 1.5e-6. Kept as `l2`, because Keras would apply an attribute `weight_decay` once
            more in its own way.
        **kwargs: clipping, EMA, accumulation and name, as in `keras.optimizers.Optimizer`.

    Raises:
        ValueError: a value outside these ranges.

    Example:
        >>> from sslzoo import optim
        >>> optim.LARS(optim.scaled_learning_rate(0.3, 4096), weight_decay=1e-6).momentum
        0.9
    """

    def __init__(
        self,
        learning_rate: Any,
        momentum: float = 0.9,
        trust_coefficient: float = 1e-3,
        weight_decay: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.momentum = in_range("momentum", momentum, 0, 1)
        self.trust_coefficient = above("trust_coefficient", trust_coefficient, 0)
        self.l2 = at_least("weight_decay", weight_decay, 0)

    def build(self, variables: list) -> None:
        if self.built:
            return
        super().build(variables)
        self.momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        gradient = ops.cast(gradient, variable.dtype)
        learning_rate = ops.cast(learning_rate, variable.dtype)
        if len(variable.shape) > 1:
            gradient = ops.add(gradient, ops.multiply(variable, self.l2))
            trust_ratio = self._trust_ratio(variable, gradient)
            learning_rate = learning_rate * ops.cast(trust_ratio, variable.dtype)
        velocity = self.momentums[self._get_variable_index(variable)]
        step = ops.add(ops.multiply(velocity, self.momentum), ops.multiply(gradient, learning_rate))
        self.assign(velocity, step)
        self.assign_sub(variable, step)

    def _trust_ratio(self, variable: Any, gradient: Any) -> Any:
        """r, a float32 scalar."""
        weight_norm, gradient_norm = _norm(variable), _norm(gradient)
        known = ops.logical_and(weight_norm > 0, gradient_norm > 0)
        ratio = self.trust_coefficient * weight_norm / ops.where(known, gradient_norm, 1.0)
        return ops.where(known, ratio, 1.0)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "trust_coefficient": self.trust_coefficient,
            "weight_decay": self.l2,
        }


def _norm(x: Any) -> Any:
    return ops.sqrt(ops.sum(ops.square(ops.cast(x, "float32"))))
