"""A memory of the last keys: negatives for the batches that follow."""

from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import backends
from sslzoo.nn.state import State


@keras.saving.register_keras_serializable("sslzoo")
class Queue(State):
    """The last `capacity` rows that were pushed, as variables: part of checkpoints, not of
    published weights.

    It begins with random rows of length 1, as in the code of MoCo.

    Args:
        capacity: K.
        dim: D, numbers in a row.
        seed: Random seed of the first rows.

    Attributes:
        rows: float32 (K, D). pointer: int32, where the next row goes.

    Example:
        >>> import numpy as np
        >>> from sslzoo import backends, nn
        >>> queue = nn.Queue(4, 2)
        >>> queue.push(np.ones((3, 2), "float32"))
        >>> np.asarray(queue.rows)[:3].tolist(), int(queue.pointer)
        ([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]], 3)
    """

    def __init__(self, capacity: int, dim: int, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.capacity, self.dim = capacity, dim
        self.seed = seed
        rows = np.random.default_rng(seed).normal(size=(capacity, dim)).astype("float32")
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        shared = {"trainable": False, "aggregation": "only_first_replica"}
        self.rows = self.add_weight(
            shape=(capacity, dim), dtype="float32", initializer="zeros", name="rows", **shared
        )
        self.pointer = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", name="pointer", **shared
        )
        self.rows.assign(rows)
        self.built = True

    def push(self, rows: Any) -> None:
        """Put rows (N, D) in the place of the oldest. Of more than K, the last K stay."""
        rows = ops.cast(rows, "float32")[-self.capacity :]
        count = ops.shape(rows)[0]
        places = (self.pointer + ops.arange(count, dtype="int32")) % self.capacity  # (N,)
        backends.put_rows(self.rows, places, rows)
        self.pointer.assign((self.pointer + count) % self.capacity)

    def get_config(self) -> dict:
        own = {"capacity": self.capacity, "dim": self.dim, "seed": self.seed}
        return super().get_config() | own
