"""A memory of labelled images that survives the task that they came with."""

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
    """

    def __init__(self, capacity, image_shape, **kwargs):
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

    def arrays(self):
        """(images (n, H, W, C) uint8, labels (n,) int32) of the memory: class after class, in each
        the best first.
        """
        count = int(ops.convert_to_numpy(self.count))
        return ops.convert_to_numpy(self.images)[:count], ops.convert_to_numpy(self.labels)[:count]

    def keep(self, added):
        """Share the memory among the classes in it and those of `added`, {label: its images, the
        best first}.

        Each has m = capacity // classes, as in iCaRL (K / t, rounded down); a class that had more
        loses its last ones.
        """
        images, labels = self.arrays()
        kept = {label: images[labels == label] for label in np.unique(labels).tolist()} | added
        kept = {label: chosen[: self.capacity // len(kept)] for label, chosen in kept.items()}
        count = sum(map(len, kept.values()))
        images, labels = np.zeros(self.images.shape, "uint8"), np.zeros(self.capacity, "int32")
        if count:
            images[:count] = np.concatenate(list(kept.values()))
            labels[:count] = np.repeat(list(kept), [len(chosen) for chosen in kept.values()])
        for variable, value in ((self.images, images), (self.labels, labels), (self.count, count)):
            variable.assign(value)

    def get_config(self):
        return super().get_config() | {"capacity": self.capacity, "image_shape": self.image_shape}
