"""Orders that differ as much as they can."""

import itertools
import math
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from sslzoo.checks import refused, whole

MOST = 9  # things: 362,880 orders are looked through


def far_permutations(length: int, count: int, seed: int = 0) -> NDArray[np.int32]:
    """`count` permutations of `length` things, far from each other in Hamming distance.

    Each is the one whose nearest of those before is farthest, and of several such one whose mean
    distance is largest (Noroozi & Favaro 2016, arXiv:1603.09246, algorithm 1, takes the mean
    alone, which lets two be near). The first is drawn.

    Args:
        length: At most 9.
        count: At most length!.
        seed: Random seed.

    Returns:
        int32 (count, length).

    Raises:
        ValueError: More things, or more orders than there are.

    Example:
        >>> from sslzoo.nn.permutations import far_permutations
        >>> far = far_permutations(3, 3)
        >>> [int((far[0] != other).sum()) for other in far[1:]]
        [3, 3]
    """
    whole("length", length, 2, MOST)
    most = math.factorial(whole("length", length, 2, MOST))
    if whole("permutations", count, 2) > most:
        raise refused("permutations", count, f"be at most {most}, the orders of {length} patches")
    known = np.array(list(itertools.permutations(range(length))), "int8")  # (length!, length)
    chosen = [int(np.random.default_rng(seed).integers(len(known)))]
    nearest = np.full(len(known), length + 1, "int16")
    total = np.zeros(len(known), "int32")
    while len(chosen) < count:
        distance = (known != known[chosen[-1]]).sum(axis=1, dtype="int16")
        nearest, total = np.minimum(nearest, distance), total + distance
        best = np.flatnonzero(nearest == nearest.max())
        chosen.append(int(best[total[best].argmax()]))
    return known[chosen].astype("int32")


@keras.saving.register_keras_serializable("sslzoo")
class Permutations(keras.layers.Layer):
    """`far_permutations`, kept with the weights: a classifier of orders is worth nothing without
    them.

    Args:
        length, count, seed: As for `far_permutations`.

    Attributes:
        orders: int32 (count, length).

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.permutations import Permutations
        >>> permutations = Permutations(3, 2)
        >>> moved = permutations(np.eye(3, dtype="float32")[None], np.array([1]))
        >>> [int(row.argmax()) for row in np.asarray(moved)[0]] == permutations.orders[1].tolist()
        True
    """

    def __init__(self, length: int, count: int, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs | {"dtype": "float32", "trainable": False})
        self.length, self.count = length, count
        self.seed = seed
        self.kept = self.add_weight(
            shape=(count, length), dtype="int32", initializer="zeros", trainable=False, name="kept"
        )
        self.kept.assign(far_permutations(length, count, seed))
        self.built = True

    @property
    def orders(self) -> NDArray[np.int32]:
        return ops.convert_to_numpy(self.kept)

    def call(self, things: Any, index: Any) -> Any:
        """Things (N, length, ...) in the orders of the numbers (N,)."""
        orders = ops.take(self.kept, index, axis=0)  # (N, length)
        more = len(things.shape) - 2
        orders = ops.reshape(orders, (-1, self.length, *([1] * more)))
        return ops.take_along_axis(things, orders, axis=1)

    def get_config(self) -> dict:
        own = {"length": self.length, "count": self.count, "seed": self.seed}
        return super().get_config() | own
