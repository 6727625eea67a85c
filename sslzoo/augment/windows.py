"""Overlapping windows of each item, in rows from the first to the last."""

from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo.augment.views import OneView
from sslzoo.checks import refused, whole
from sslzoo.inputs import Input


class Windows(keras.layers.Layer):
    """Overlapping windows of a random view of each item, as `batch["windows"]`.

    Of images they are a square grid of patches, (N, count, count, size, size, C), row by row. Of
    series and audio they lie along time, one a row: (N, count, 1, size, F) and (N, count, 1, size).
    All items are cut at the same places. Oord et al. 2018, arXiv:1807.03748, have 7 x 7 patches of
    64 px, each 32 px from the next.

    Args:
        reads: The `Input` of the network: square images, series or audio of one length.
        count: Windows of a side.
        size: Pixels of a side of a window, or its steps or samples. By default windows overlap by
            half.
        augment: Of the view, as for `OneView`.
        seed: Random seed of a preset.

    Attributes:
        apart: How many windows further the first one is that shares nothing with a window.

    Raises:
        ValueError: Another kind of data, items of any length, or windows that do not fit.

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment, inputs
        >>> windows = augment.Windows(inputs.Images(32, 32))
        >>> tuple(windows({"images": np.zeros((4, 32, 32, 3), "uint8")})["windows"].shape)
        (4, 7, 7, 8, 8, 3)
        >>> windows.apart
        2
    """

    def __init__(
        self,
        reads: Input,
        count: int = 7,
        size: int | None = None,
        augment: Any = "none",
        seed: int = 0,
    ) -> None:
        super().__init__(dtype="float32")
        length = _length(reads)
        self.flat = reads.field == "images"
        self.count = whole("windows", count, 2)
        if length <= count:
            got = f"one that reads items of {length} a side"
            raise refused("backbone", got, f"read at least {count + 1}, for {count} windows")
        default = 2 * length // (count + 1)
        self.size = default if size is None else whole("window_size", size, 1)
        most = length - count + 1
        if not 2 <= self.size <= most:
            needed = f"be 2 to {most}, for {count} windows on {length}"
            raise refused("window_size", self.size, needed)
        stride = (length - self.size) // (count - 1)
        self.apart = -(-self.size // stride)
        self.places = stride * np.arange(count)[:, None] + np.arange(self.size)  # (count, size)
        self.one_view = OneView(reads, augment, seed=seed)
        self.built = True

    def call(self, batch: dict) -> dict:
        view = self.one_view(batch)["view"]
        x = ops.take(view, self.places, axis=1)  # (N, count, size, ...)
        if not self.flat:
            return {**batch, "windows": ops.expand_dims(x, 2)}
        x = ops.take(x, self.places, axis=3)  # (N, count, size, count, size, C)
        return {**batch, "windows": ops.transpose(x, (0, 1, 3, 2, 4, 5))}


def _length(reads: Input) -> int:
    """The side of square images, or the length of series or audio."""
    length = None
    if reads.field == "images":
        length = reads.layer.image_size
    elif reads.field in ("series", "audio"):
        length = reads.shape[0]
    if not isinstance(length, int):
        needed = "read square images, or series or audio of one length"
        raise refused("backbone", f"one that reads {reads.field} {reads.shape}", needed)
    return length
