"""Centers of clusters on the unit sphere."""

from typing import Any

import keras
import numpy as np
from keras import layers, ops


@keras.saving.register_keras_serializable("sslzoo")
class Prototypes(layers.Layer):
    """Maps embeddings (..., D) of length 1 to their cosine similarities with K prototypes (..., K).

    It computes in float32 under every policy: an assignment to clusters is the exponential of a
    multiple of a score.

    Args:
        dim: D.
        count: K.
        trainable: Whether gradient descent moves the prototypes. Otherwise they are set: centroids.
        seed: Random seed of the first prototypes, which are spread evenly over the sphere.

    Attributes:
        kernel: float32 (D, K), one prototype a column.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> prototypes = nn.Prototypes(2, 3)
        >>> tuple(prototypes(np.eye(2, dtype="float32")).shape)
        (2, 3)
    """

    def __init__(
        self, dim: int, count: int, trainable: bool = True, seed: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs | {"dtype": "float32", "trainable": trainable})
        self.dim, self.count = dim, count
        self.seed = seed
        columns = np.random.default_rng(seed).normal(size=(dim, count)).astype("float32")
        self.kernel = self.add_weight(
            shape=(dim, count), initializer="zeros", trainable=trainable, name="kernel"
        )
        self.kernel.assign(columns / np.linalg.norm(columns, axis=0))
        self.built = True

    def call(self, embeddings: Any) -> Any:
        return ops.matmul(embeddings, self.kernel)

    def normalize(self) -> None:
        """Give every prototype the length 1. An optimizer changes it."""
        squares = ops.sum(ops.square(self.kernel), axis=0, keepdims=True)
        self.kernel.assign(self.kernel * ops.rsqrt(ops.maximum(squares, 1e-12)))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (*input_shape[:-1], self.count)

    def get_config(self) -> dict:
        own = {"dim": self.dim, "count": self.count, "seed": self.seed}
        return super().get_config() | own
