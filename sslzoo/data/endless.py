"""Batches whose order is a pure function of the step: what makes an exact resume possible."""

import copy

import keras
import numpy as np


class Endless(keras.utils.PyDataset):
    """Batches for `fit`: endless and pure.

    Item i is the batch of global step start + i, `batch(epoch, k)` with epoch, k = divmod(start +
    i, steps_per_epoch). So a run that resumes with `starting_at(step)` sees exactly what an
    uninterrupted one would, and reading an item twice (Keras reads the first ones to learn shapes)
    changes nothing.

    A subclass gives `batch`, which draws from np.random.default_rng((self.seed, epoch, ...)) and
    nothing else, and `arrays`. It sets `size`.

    Args:
        batch_size: rows of the field "images" in a batch, at least 1.
        steps_per_epoch: at least 1.
        seed: at least 0; of everything random in the order.
        start: the global step of item 0.

    Attributes:
        size: rows of the data, which a checkpoint remembers.
    """

    def __init__(self, batch_size, steps_per_epoch, seed=0, start=0):
        super().__init__()
        numbers = {
            "batch_size": (batch_size, 1),
            "steps_per_epoch": (steps_per_epoch, 1),
            "seed": (seed, 0),
            "start": (start, 0),
        }
        for field, (value, least) in numbers.items():
            if not isinstance(value, (int, np.integer)) or value < least:
                raise ValueError(f"{field}: need an integer of at least {least}, got {value!r}.")
        self.batch_size = int(batch_size)
        self.steps_per_epoch = int(steps_per_epoch)
        self.seed = int(seed)
        self.start = int(start)

    def batch(self, epoch, k):
        """Batch k of an epoch: {field: array}."""
        raise NotImplementedError(f"{type(self).__name__}.batch is missing.")

    @property
    def arrays(self):
        """{field: all its rows}, for the checks that `fit` makes before the first step; fields may
        differ in length.
        """
        raise NotImplementedError(f"{type(self).__name__}.arrays is missing.")

    @property
    def num_batches(self):
        """None: Keras' word for endless."""
        return None

    @property
    def settings(self):
        """{name: value} of what else decides the batches: a checkpoint of another draw is
        refused.
        """
        return {}

    def __getitem__(self, i):
        return self.batch(*divmod(self.start + int(i), self.steps_per_epoch))

    def starting_at(self, step):
        """The same order of batches, from another global step on."""
        other = copy.copy(self)
        other.start = int(step)
        return other

    def sample(self, count):
        """Up to `count` of the images, from all over the set: its rows may be sorted by class."""
        images = self.arrays["images"]
        return images[np.linspace(0, len(images) - 1, min(count, len(images))).astype(int)]
