"""Seeds of random layers."""

from typing import Any

import keras
from keras import ops

from sslzoo import backends


class ReplicaSeeds(keras.random.SeedGenerator):
    """Seeds of their own on each replica of a strategy, whose copies of the state are equal.
    Replica 0 has Keras' own.

    Example:
        >>> import keras
        >>> from sslzoo.augment.seeds import ReplicaSeeds
        >>> mine, plain = ReplicaSeeds(3).next(), keras.random.SeedGenerator(3).next()
        >>> [int(part) for part in mine] == [int(part) for part in plain]
        True
    """

    def next(self, ordered: bool = True) -> Any:
        seed, replica = super().next(ordered), backends.replica_index()
        if isinstance(replica, int):
            return seed
        # The key (seed, count) changes in `seed`: in `count`, replica 1 would draw what replica 0
        # draws a step later. The odd stride (2**32 / golden ratio) keeps seeds that users count up,
        # 0, 1, 2, apart too.
        stride = ops.cast(ops.convert_to_tensor([0x9E3779B1, 0], dtype="int64"), seed.dtype)
        return seed + stride * ops.cast(replica, seed.dtype)
