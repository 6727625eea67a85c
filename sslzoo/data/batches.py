"""The endless, reproducible order of training batches."""

import threading
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np

from sslzoo.data.image_files import ImageFiles


class Batches(keras.utils.PyDataset):
    """Shuffled batches for `fit(batches, steps_per_epoch=..., epochs=...)`: endless and pure.

    Item i is the batch of global step s = start + i: rows permutation[k * batch_size : (k + 1) * batch_size], where
    epoch, k = divmod(s, steps_per_epoch) and the permutation is drawn by np.random.default_rng((seed, epoch)). So a
    run that resumes with `start=s` sees exactly what an uninterrupted one would, and reading an item twice (Keras
    reads the first ones to learn shapes) changes nothing.

    data: a `Dataset`, or a dict of arrays of equal length (N, ...); each batch has the same fields and "index", the
    int64 row numbers. The rows that do not fill a batch are left out of that epoch (n < batch_size: one batch of n).
    Images that are decoded on access are read one batch ahead, in the background.
    """

    def __init__(self, data, batch_size, seed=0, start=0):
        super().__init__()
        for field, value, least in (("batch_size", batch_size, 1), ("seed", seed, 0), ("start", start, 0)):
            if not isinstance(value, (int, np.integer)) or value < least:
                raise ValueError(f"{field}: need an integer of at least {least}, got {value!r}.")
        if isinstance(data, dict):
            data = {field: values if hasattr(values, "shape") else np.asarray(values) for field, values in data.items()}
        self.data = data
        self.size = _length(data)
        self.batch_size = min(int(batch_size), self.size)
        self.steps_per_epoch = self.size // self.batch_size
        self.seed = int(seed)
        self.start = int(start)
        self._lock = threading.Lock()
        self._permutation = None, None
        fields = data.values() if isinstance(data, dict) else [data.images]
        lazy = any(isinstance(values, ImageFiles) for values in fields)
        # Keras' own workers would do, but they begin again at item 0 after every epoch.
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="sslzoo-batch") if lazy else None
        self._ahead = None, None

    @property
    def num_batches(self):
        """None: Keras' word for endless."""
        return None

    def __getitem__(self, i):
        if self._reader is None:
            return self._batch(i)
        with self._lock:
            item, batch = self._ahead
            batch = batch if item == i else self._reader.submit(self._batch, i)
            self._ahead = i + 1, self._reader.submit(self._batch, i + 1)
        return batch.result()

    def _batch(self, i):
        epoch, k = divmod(self.start + int(i), self.steps_per_epoch)
        rows = self._rows_of_epoch(epoch)[k * self.batch_size : (k + 1) * self.batch_size]
        if isinstance(self.data, dict):
            return {"index": rows.copy(), **{field: values[rows] for field, values in self.data.items()}}
        return self.data[rows]

    def _rows_of_epoch(self, epoch):
        with self._lock:
            if self._permutation[0] != epoch:
                self._permutation = epoch, np.random.default_rng((self.seed, epoch)).permutation(self.size)
            return self._permutation[1]


def _length(data):
    fields = data if isinstance(data, dict) else {"images": data}
    lengths = {field: len(values) for field, values in fields.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"data: fields must have the same length, got {lengths}.")
    if not lengths or not all(lengths.values()):
        raise ValueError("data: need at least one row, got none.")
    return next(iter(lengths.values()))
