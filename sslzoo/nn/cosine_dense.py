"""A dense layer of cosines."""

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("sslzoo")
class CosineDense(layers.Layer):
    """Vectors (N, D) -> their cosines with `units` directions, (N, units): normalized inputs, a
    weight-normalized kernel (Salimans & Kingma 2016, arXiv:1602.07868) of gain 1, and no bias.

    Lengths are computed in float32, whatever the policy. A zero vector has cosines of 0.

    Args:
        units: directions.
        seed: Random seed of the kernel.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn import CosineDense
        >>> cosines = CosineDense(5)(np.ones((2, 3), "float32"))
        >>> tuple(cosines.shape), bool(np.abs(cosines).max() <= 1)
        ((2, 5), True)
    """

    def __init__(self, units: int, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.seed = units, seed

    def build(self, input_shape: tuple) -> None:
        limit = input_shape[-1] ** -0.5  # that of the official code of DINO: lengths of about 0.58
        start = keras.initializers.RandomUniform(-limit, limit, seed=self.seed)
        self.kernel = self.add_weight((input_shape[-1], self.units), start, name="kernel")

    def call(self, x: Any) -> Any:
        return ops.matmul(self._unit(x, axis=-1), self._unit(self.kernel, axis=0))

    def _unit(self, x: Any, axis: int) -> Any:
        x = ops.cast(x, "float32")
        squares = ops.sum(ops.square(x), axis=axis, keepdims=True)
        return ops.cast(x * ops.rsqrt(ops.maximum(squares, 1e-12)), self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict:
        return super().get_config() | {"units": self.units, "seed": self.seed}
