"""Shuffled batches of the rows of a data set."""

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks import refused
from sslzoo.data.dataset import Dataset, as_array, as_dataset, batch_of
from sslzoo.data.endless import Endless
from sslzoo.data.threads import Threads


class Batches(Endless):
    """Shuffled batches for `fit(batches, epochs=...)`.

    Batch k of an epoch holds rows permutation[k * batch_size : (k + 1) * batch_size], the
    permutation drawn by np.random.default_rng((seed, epoch)). The rows that do not fill a batch are
    left out of that epoch (n < batch_size: one batch of n).

    Args:
        dataset: A `Dataset`, (images, labels), or a dict of arrays of equal length (N, ...).
        batch_size, seed, start: As for `Endless`.

    Attributes:
        order: A function of the epoch and the number of rows, or None. It gives the rows of that
            epoch, or None for the permutation.

    Items: all fields of the data, and "index", the int64 row numbers. Images (N, H, W) come as (N,
    H, W, 1). Images that are decoded on access are read one batch ahead, in the background.

    Raises:
        ValueError: Fields have different lengths, there are no rows, or a number is out of range.

    >>> batches = Batches({"vectors": np.eye(5)}, batch_size=2)
    >>> batches.steps_per_epoch, batches[0]["vectors"].shape
    (2, (2, 5))
    """

    order: Callable[[int, int], NDArray | None] | None = None

    def __init__(
        self,
        dataset: Dataset | tuple | Mapping[str, ArrayLike],
        batch_size: int,
        seed: int = 0,
        start: int = 0,
    ) -> None:
        fields = dataset if isinstance(dataset, Mapping) else as_dataset(dataset).fields
        self._arrays = {field: as_array(values) for field, values in fields.items()}
        self.size = _length(self._arrays)
        if "images" in self._arrays and self._arrays["images"].ndim == 3:
            self._arrays["images"] = self._arrays["images"][..., None]  # (N, H, W, 1)
        super().__init__(batch_size, 1, seed, start)
        self.batch_size = min(self.batch_size, self.size)
        self.steps_per_epoch = self.size // self.batch_size
        self._permutation = (None, None)
        on_disk = any(getattr(values, "on_disk", False) for values in self._arrays.values())
        # Keras' own workers would do, but they begin again at item 0 after every epoch.
        self._reader = Threads(1, "sslzoo-batch") if on_disk else None
        self._ahead = {}  # {(item, pool): its future} of the batch that is read ahead

    @property
    def arrays(self) -> dict[str, NDArray]:
        return self._arrays

    def __getitem__(self, i: int) -> dict[str, NDArray]:
        if self._reader is None:
            return super().__getitem__(i)
        reader = self._reader.pool()
        ahead = self._ahead.get((i, reader))
        batch = ahead or reader.submit(super().__getitem__, i)
        self._ahead = {(i + 1, reader): reader.submit(super().__getitem__, i + 1)}
        return batch.result()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_ahead": {}}

    def starting_at(self, step: int) -> Self:
        other = super().starting_at(step)
        other._ahead = {}
        return other

    def batch(self, epoch: int, k: int) -> dict[str, NDArray]:
        start = k * self.batch_size
        return batch_of(self._arrays, self._order(epoch)[start : start + self.batch_size].copy())

    def _order(self, epoch):
        """The rows of an epoch; the last permutation is kept."""
        own = self.order(epoch, self.size) if self.order else None
        if own is not None:
            return own
        known, order = self._permutation
        if known != epoch:
            order = np.random.default_rng((self.seed, epoch)).permutation(self.size)
            self._permutation = (epoch, order)
        return order


def _length(fields):
    lengths = {field: len(values) for field, values in fields.items()}
    if len(set(lengths.values())) > 1:
        raise refused("data", f"fields of the lengths {lengths}", "have one length")
    if not lengths or not all(lengths.values()):
        raise refused("data", "no rows", "have at least one")
    return next(iter(lengths.values()))
