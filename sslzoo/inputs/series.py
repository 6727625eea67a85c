"""Series: (N, T, F), T steps of F features each."""

from typing import Any

import keras
import numpy as np

from sslzoo.checks import check_series
from sslzoo.inputs.base import Input


@keras.saving.register_keras_serializable("sslzoo")
class Series(Input):
    """Time series of finite numbers.

    Args:
        steps: T, or None for any.
        features: F.

    Example:
        >>> from sslzoo import inputs
        >>> inputs.Series(24, 6).examples(2).shape
        (2, 24, 6)
    """

    field = "series"

    def __init__(self, steps: int | None, features: int) -> None:
        super().__init__((steps, features))

    def check(self, values: Any, name: str | None = None) -> np.ndarray:
        name = name or self.field
        steps, features = self.shape
        values = check_series(values, name)
        if values.shape[2] != features or steps not in (None, values.shape[1]):
            self._refuse(name, values, f"(N, {'T' if steps is None else steps}, {features})")
        return values

    def examples(self, count: int, seed: int = 0, more: int = 0) -> np.ndarray:
        shape = (count, self.shape[0] or 24 + more, self.shape[1])
        return np.random.default_rng(seed).normal(size=shape).astype("float32")

    def get_config(self) -> dict:
        return {"steps": self.shape[0], "features": self.shape[1]}
