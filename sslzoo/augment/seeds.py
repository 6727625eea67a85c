"""Seeds of random layers."""

from typing import Any

import keras

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
        return backends.replica_seed(super().next(ordered))
