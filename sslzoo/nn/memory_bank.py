"""A memory with one row for each item of a data set."""

from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import backends
from sslzoo.nn.state import State


@keras.saving.register_keras_serializable("sslzoo")
class MemoryBank(State):
    """One embedding of each item: part of checkpoints, not of published weights.

    It begins with random rows, uniform in -1/sqrt(D/3)..1/sqrt(D/3), whose length is about 1, as in
    zhirongw/lemniscate.pytorch (lib/NCEAverage.py).

    Args:
        size: items of the data set.
        dim: D, numbers in a row.
        seed: Random seed of the first rows.

    Attributes:
        rows: float32 (size, D).

    Example:
        >>> import numpy as np
        >>> from sslzoo import backends, nn
        >>> bank = nn.MemoryBank(4, 2)
        >>> bank.replace(np.array([2]), np.array([[0.0, 1.0]], "float32"))
        >>> np.asarray(bank.rows)[2].tolist()
        [0.0, 1.0]
    """

    def __init__(self, size: int, dim: int, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size, self.dim = size, dim
        self.seed = seed
        limit = (dim / 3) ** -0.5
        rows = np.random.default_rng(seed).uniform(-limit, limit, size=(size, dim))
        self.rows = self.add_weight(
            shape=(size, dim),
            dtype="float32",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
            name="rows",
        )
        self.rows.assign(rows.astype("float32"))
        self.built = True

    def replace(self, index: Any, rows: Any) -> None:
        """Put rows (N, D) in the places `index` (N,), none of which may come twice."""
        rows = ops.cast(rows, "float32")
        backends.put_rows(self.rows, index, rows)

    def get_config(self) -> dict:
        own = {"size": self.size, "dim": self.dim, "seed": self.seed}
        return super().get_config() | own
