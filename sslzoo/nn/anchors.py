"""The radial basis kernel with rows that are kept: what kernel methods do with new rows."""

from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from sslzoo.checks import refused


@keras.saving.register_keras_serializable("sslzoo")
class Anchors(layers.Layer):
    """Vectors (N, D) -> exp(-gamma |x - anchor|^2) of each anchor, (N, size), float32.

    Args:
        size: the most anchors there may be.
        features: D.
        gamma: above 0.
        seed: Random seed of the anchors before `fit`.

    Example:
        >>> Anchors(size=5, features=2, gamma=1.0)(np.zeros((3, 2))).shape[1]
        5
    """

    def __init__(self, size: int, features: int, gamma: float, seed: int = 0) -> None:
        super().__init__(dtype="float32", trainable=False, name="anchors")
        self.size = size
        self.features = features
        self.gamma = gamma
        self.seed = seed
        self.rows = self.add_weight(
            shape=(size, features),
            initializer=keras.initializers.RandomNormal(stddev=1.0, seed=seed),
            trainable=False,
            name="rows",
        )
        self.built = True

    def call(self, x: Any) -> Any:
        squares = ops.sum(ops.square(x), axis=1)[:, None] + ops.sum(ops.square(self.rows), axis=1)
        distances = squares - 2.0 * ops.matmul(x, ops.transpose(self.rows))  # (N, size)
        return ops.exp(-self.gamma * ops.maximum(distances, 0.0))

    def check(self, rows: NDArray) -> None:
        """Refuse more rows than there is room for. Raises ValueError."""
        if len(rows) > self.size:
            raise refused("size", self.size, f"be at least {len(rows)}, the rows of both domains")

    def padded(self, values: NDArray) -> NDArray:
        """Rows of the anchors that are in use, and zeros for the others: (size, ...)."""
        return np.pad(values, [(0, self.size - len(values)), (0, 0)])

    def get_config(self) -> dict:
        """The arguments of the constructor."""
        keys = ("size", "features", "gamma", "seed")
        return {key: getattr(self, key) for key in keys}
