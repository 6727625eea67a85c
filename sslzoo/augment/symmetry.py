"""The eight symmetries of a square, and its four turns."""

from typing import Any

import keras
from keras import ops

from sslzoo.augment.seeds import ReplicaSeeds


@keras.saving.register_keras_serializable("sslzoo")
class Symmetry(keras.layers.Layer):
    """Flips and rotates each square image (N, size, size, C) into one of its eight symmetries. The
    dtype stays.

    No pixel is interpolated. Super-resolution therefore augments this way (EDSR, Lim et al. 2017,
    arXiv:1707.02921, section 4.2). Every call is random.

    Args:
        seed: An integer.

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment
        >>> images = np.arange(16, dtype="uint8").reshape(1, 4, 4, 1)
        >>> turned = np.asarray(augment.Symmetry(seed=1)(images))
        >>> sorted(turned.ravel().tolist()) == list(range(16))
        True
    """

    def __init__(self, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs | {"dtype": "float32"})
        self.seed = seed
        self.autocast = False
        self.seed_generator = ReplicaSeeds(seed)
        self.built = True

    def call(self, images: Any) -> Any:
        shape = (3, ops.shape(images)[0], 1, 1, 1)
        draws = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator) < 0.5
        images = ops.where(draws[0], ops.flip(images, axis=1), images)
        images = ops.where(draws[1], ops.flip(images, axis=2), images)
        return ops.where(draws[2], ops.swapaxes(images, 1, 2), images)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return super().get_config() | {"seed": self.seed}


def turned(images: Any, turns: Any) -> Any:
    """Each square image turned counterclockwise by its number of quarters. No pixel is
    interpolated.

    Args:
        images: (N, size, size, C).
        turns: integers (N,) in 0..3.

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment
        >>> images = np.array([0.0, 1.0, 2.0, 3.0], "float32").reshape(1, 2, 2, 1)
        >>> np.asarray(augment.turned(images, np.array([1]))).ravel().tolist()
        [1.0, 3.0, 0.0, 2.0]
    """
    turns = ops.reshape(turns, (-1, 1, 1, 1))
    found = images
    for quarters in (1, 2, 3):
        found = ops.where(turns == quarters, ops.rot90(images, quarters, axes=(1, 2)), found)
    return found
