"""A sampler as Keras reads it."""

import keras
import numpy as np

from sslzoo import backends
from sslzoo.checks import refused
from sslzoo.data.streams import Endless


class Loader(keras.utils.PyDataset):
    """A sampler of `sslzoo.data` as Keras reads it. Where several processes train one model, this
    process' rows of each batch: together they are the global batch.

    Args:
        batches: a sampler.

    Example:
        >>> import sslzoo
        >>> from sslzoo.training.loader import Loader
        >>> batches = sslzoo.data.Batches(sslzoo.data.load("digits"), 10)
        >>> Loader(batches)[0]["images"].shape
        (10, 8, 8, 1)
    """

    def __init__(self, batches: Endless) -> None:
        super().__init__()
        self.index, self.count = backends.process()
        if batches.batch_size % self.count:
            needed = f"be a multiple of the {self.count} processes"
            raise refused("batch_size", batches.batch_size, needed)
        self.batches = batches

    @property
    def num_batches(self) -> None:
        """None: Keras' word for endless."""
        return None

    def __getitem__(self, i: int) -> dict:
        batch = self.batches[i]
        if self.count == 1:
            return batch
        # Each field has its own number of rows: those of `sslzoo.data.Paired` differ.
        return {field: np.split(values, self.count)[self.index] for field, values in batch.items()}


class EpochLoader(Loader):
    """The batches of one epoch after another, none of which is read before its epoch begins.

    Keras reads a few batches ahead. Where a method orders an epoch by what it learned in the one
    before, they must not be those of the next epoch.

    Args:
        batches: a sampler.
        epoch: the first one. `Epochs` sets the others: Keras calls the hooks of a PyDataset more
            often than there are epochs.

    Example:
        >>> import sslzoo
        >>> from sslzoo.training.loader import EpochLoader
        >>> batches = sslzoo.data.Batches(sslzoo.data.load("digits"), 10)
        >>> len(EpochLoader(batches, 0))
        129
    """

    def __init__(self, batches: Endless, epoch: int) -> None:
        super().__init__(batches)
        self.epoch = epoch

    @property
    def num_batches(self) -> int:
        return self.batches.steps_per_epoch

    def __len__(self) -> int:
        return self.num_batches

    def __getitem__(self, i: int) -> dict:
        return super().__getitem__(self.epoch * self.num_batches + i)
