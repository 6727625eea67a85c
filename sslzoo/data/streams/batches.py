"""Shuffled batches of the rows of a data set."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sslzoo.data.endless import Endless
from sslzoo.data.image_files import ImageFiles


class Batches(Endless):
    """Shuffled batches for `fit(batches, epochs=...)`.

    Batch k of an epoch holds rows permutation[k * batch_size : (k + 1) * batch_size], the
    permutation drawn by np.random.default_rng((seed, epoch)).

    data: a `Dataset`, or a dict of arrays of equal length (N, ...); each batch has the same fields
    and "index", the int64 row numbers. The rows that do not fill a batch are left out of that epoch
    (n < batch_size: one batch of n). Images that are decoded on access are read one batch ahead, in
    the background.
    """

    def __init__(self, data, batch_size, seed=0, start=0):
        if isinstance(data, dict):
            data = {
                field: values if hasattr(values, "shape") else np.asarray(values)
                for field, values in data.items()
            }
        self.data = data
        self.size = _length(data)
        super().__init__(batch_size, 1, seed, start)
        self.batch_size = min(self.batch_size, self.size)
        self.steps_per_epoch = self.size // self.batch_size
        self._lock = threading.Lock()
        self._permutation = None, None
        lazy = any(isinstance(values, ImageFiles) for values in self.arrays.values())
        # Keras' own workers would do, but they begin again at item 0 after every epoch.
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="sslzoo-batch") if lazy else None
        self._ahead = None, None

    @property
    def arrays(self):
        if isinstance(self.data, dict):
            return self.data
        labels = {} if self.data.labels is None else {"labels": self.data.labels}
        return {"images": self.data.images} | labels

    def __getitem__(self, i):
        if self._reader is None:
            return super().__getitem__(i)
        with self._lock:
            item, batch = self._ahead
            batch = batch if item == i else self._reader.submit(super().__getitem__, i)
            self._ahead = i + 1, self._reader.submit(super().__getitem__, i + 1)
        return batch.result()

    def starting_at(self, step):
        other = super().starting_at(step)
        other._ahead = None, None
        return other

    def batch(self, epoch, k):
        rows = self._rows_of_epoch(epoch)[k * self.batch_size : (k + 1) * self.batch_size]
        if isinstance(self.data, dict):
            return {
                "index": rows.copy(),
                **{field: values[rows] for field, values in self.data.items()},
            }
        batch = self.data[rows]
        # the same form as arrays have: a step that TensorFlow compiled takes one
        if batch["images"].ndim == 3:
            batch["images"] = batch["images"][..., None]
        return batch

    def _rows_of_epoch(self, epoch):
        with self._lock:
            if self._permutation[0] != epoch:
                self._permutation = (
                    epoch,
                    np.random.default_rng((self.seed, epoch)).permutation(self.size),
                )
            return self._permutation[1]


def _length(data):
    fields = data if isinstance(data, dict) else {"images": data}
    lengths = {field: len(values) for field, values in fields.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"data: fields must have the same length, got {lengths}.")
    if not lengths or not all(lengths.values()):
        raise ValueError("data: need at least one row, got none.")
    return next(iter(lengths.values()))
