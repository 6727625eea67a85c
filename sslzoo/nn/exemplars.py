"""A memory of labeled images that survives the task that they came with."""

from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo.nn.state import State


@keras.saving.register_keras_serializable("sslzoo")
class Exemplars(State):
    """At most `capacity` images, equally many of each class, as variables: what a checkpoint saves
    with the model.

    Args:
        capacity: K, images in all.
        image_shape: (height, width, channels) of the uint8 images.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> memory = nn.Exemplars(4, (8, 8, 1))
        >>> memory.keep({0: np.zeros((9, 8, 8, 1)), 1: np.ones((9, 8, 8, 1))})
        >>> memory.arrays()[1].tolist()
        [0, 0, 1, 1]
    """

    def __init__(self, capacity: int, image_shape: tuple, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.capacity, self.image_shape = capacity, tuple(image_shape)
        self.images = self.add_weight(
            shape=(capacity, *self.image_shape),
            dtype="uint8",
            initializer="zeros",
            trainable=False,
            name="images",
        )
        self.labels = self.add_weight(
            shape=(capacity,), dtype="int32", initializer="zeros", trainable=False, name="labels"
        )
        self.count = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, name="count"
        )
        self.built = True

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """(images (n, H, W, C) uint8, labels (n,) int32) of the memory: class after class, in each
        the best first.
        """
        count = int(ops.convert_to_numpy(self.count))
        return ops.convert_to_numpy(self.images)[:count], ops.convert_to_numpy(self.labels)[:count]

    def keep(self, added: dict[int, np.ndarray]) -> None:
        """Share the memory among the classes in it and those of `added`, {label: its images, the
        best first}.

        Each has m = capacity // classes, as in iCaRL (K / t, rounded down). A class that had more
        loses its last ones.
        """
        images, labels = self.arrays()
        by_class = {label: images[labels == label] for label in np.unique(labels).tolist()}
        by_class |= added
        share = self.capacity // max(1, len(by_class))
        images, labels = np.zeros(self.images.shape, "uint8"), np.zeros(self.capacity, "int32")
        count = 0
        for label, chosen in by_class.items():
            chosen = chosen[:share]
            images[count : count + len(chosen)] = chosen
            labels[count : count + len(chosen)] = label
            count += len(chosen)
        self.images.assign(images)
        self.labels.assign(labels)
        self.count.assign(count)

    def get_config(self) -> dict:
        return super().get_config() | {"capacity": self.capacity, "image_shape": self.image_shape}
