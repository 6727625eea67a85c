"""Vectors: (N, D), D features each."""

from typing import Any

import keras
import numpy as np

from sslzoo.checks import check_vectors
from sslzoo.inputs.base import Input


@keras.saving.register_keras_serializable("sslzoo")
class Vectors(Input):
    """Feature vectors of finite numbers.

    Args:
        features: D.

    Example:
        >>> from sslzoo import inputs
        >>> inputs.Vectors(4).examples(3).shape
        (3, 4)
    """

    field = "vectors"

    def __init__(self, features: int) -> None:
        super().__init__((features,))

    def check(self, values: Any, name: str | None = None) -> np.ndarray:
        name = name or self.field
        values = check_vectors(values, name)
        if values.shape[1] != self.shape[0]:
            self._refuse(name, values, f"(N, {self.shape[0]})")
        return values

    def examples(self, count: int, seed: int = 0, more: int = 0) -> np.ndarray:
        shape = (count, self.shape[0])
        return np.random.default_rng(seed).normal(size=shape).astype("float32")

    def get_config(self) -> dict:
        return {"features": self.shape[0]}
