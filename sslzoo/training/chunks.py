"""Items in chunks through a function of arrays, into arrays that are made once."""

import os
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from sslzoo import backends
from sslzoo.data import Pictures
from sslzoo.data.threads import Threads
from sslzoo.inputs import Input
from sslzoo.progress import progress


class Sized:
    """Pictures of different sizes as one array of the network's size, made for the rows asked for,
    by several threads.

    Example:
        >>> import numpy as np
        >>> from sslzoo import data, inputs
        >>> from sslzoo.training.chunks import Sized
        >>> pictures = data.Pictures([np.zeros((9, 6, 3), "uint8"), np.zeros((7, 8), "uint8")])
        >>> Sized(pictures, inputs.Images(4, 4))[np.array([0, 1])].shape
        (2, 4, 4, 3)
    """

    def __init__(self, pictures: Pictures, reads: Input) -> None:
        self.pictures = pictures
        self.reads = reads
        self._threads = Threads(os.cpu_count(), "sslzoo-decode")

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, rows: NDArray) -> NDArray:
        return np.concatenate(list(self._threads.pool().map(self._one, rows)))

    def _one(self, row: int) -> NDArray:
        sized = self.reads.sized(self.pictures[row][None])
        integers = sized.dtype.kind != "f"  # it has the network's size, and came as it is
        return sized / np.float32(255) if integers else sized


def in_chunks(function: Callable, x: Any, count: int, batch_size: int, title: str) -> Any:
    """`function` of items, `batch_size` at a time.

    Args:
        function: arrays, or a structure of them, of any number of rows -> such a structure.
        x: all items: `x[rows]`, or a dict of such values.
        count: how many there are.
        title: Title of the bar that is shown for many chunks.

    Example:
        >>> import numpy as np
        >>> from sslzoo.training.chunks import in_chunks
        >>> in_chunks(np.square, np.arange(3), 3, 2, "Squares")
        array([0, 1, 4])
    """
    starts = range(0, count, batch_size)
    results = None
    for start in progress(starts, title, len(starts), 20, batch_size):
        end = min(start + batch_size, count)
        size = end - start if backends.open_shapes else _filled(count, batch_size)
        rows = np.minimum(np.arange(start, start + size), end - 1)
        chunk = keras.tree.map_structure(lambda a, rows=rows: np.asarray(a[rows]), x)
        part = keras.tree.map_structure(lambda a, n=end - start: a[:n], function(chunk))
        if end - start == count:
            return part
        results = _empty(part, count) if results is None else results
        pairs = zip(keras.tree.flatten(results), keras.tree.flatten(part), strict=True)
        for result, values in pairs:
            result[start:end] = values
    return results


def _filled(count: int, batch_size: int) -> int:
    """The rows of every chunk, filled up with its last item, where a program is for one shape: a
    batch, or for fewer items the next power of two.
    """
    return min(batch_size, 1 << (count - 1).bit_length())


def _empty(part: Any, count: int) -> Any:
    return keras.tree.map_structure(lambda a: np.empty((count, *a.shape[1:]), a.dtype), part)
