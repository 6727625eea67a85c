"""Which patches of an image are hidden."""

from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo.augment.seeds import ReplicaSeeds
from sslzoo.checks import in_range, refused


class PatchOrder(keras.layers.Layer):
    """A random order of the patches of each image, int32 (N, patches). The first `kept` of it are
    visible, the others hidden.

    The order is that of random numbers, one for each patch (facebookresearch/mae, models_mae.py).

    Args:
        patches: L, the patches of an image.
        mask_ratio: The share that is hidden. int(L (1 - mask_ratio)) are kept, as in the code.
        seed: Random seed.

    Raises:
        ValueError: A share that leaves no patch, or hides none.

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment
        >>> order = augment.PatchOrder(16, 0.75)
        >>> order.kept, tuple(order(np.zeros((5, 8, 8, 3))).shape)
        (4, (5, 16))
    """

    def __init__(self, patches: int, mask_ratio: float = 0.75, seed: int = 0) -> None:
        super().__init__(dtype="float32")
        in_range("mask_ratio", mask_ratio, 0, 1)
        self.patches = patches
        self.kept = int(patches * (1 - mask_ratio))
        if not 0 < self.kept < patches:
            got = f"{mask_ratio}, which leaves {self.kept} of {patches} patches"
            raise refused("mask_ratio", got, "leave one or more and hide one or more")
        self.seed_generator = ReplicaSeeds(seed)
        self.built = True

    def call(self, images: Any) -> Any:
        shape = (ops.shape(images)[0], self.patches)
        numbers = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)
        return ops.cast(ops.argsort(numbers, axis=1), "int32")

    def drawn(self, rng: np.random.Generator) -> np.ndarray:
        """One order, int32 (1, patches), by NumPy, which no backend changes."""
        return rng.permutation(self.patches)[None].astype("int32")

    def hidden(self, order: Any) -> Any:
        """Whether each patch is hidden, bool (N, patches), of an order."""
        return ops.argsort(order, axis=1) >= self.kept
