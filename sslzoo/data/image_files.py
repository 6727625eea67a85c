"""Images that stay on disk and are decoded on access."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sslzoo.data.decode import decode
from sslzoo.data.threads import Threads

# bytes of decoded pixels: data sets up to this size come as arrays, larger ones as `ImageFiles`
ARRAY_LIMIT = 2**30


class ImageSizeNeeded(ValueError):
    """The stored images cannot come as they are: they differ in size, or are too many for
    memory.

    >>> raise ImageSizeNeeded("image_size: needed for photos, whose images differ in size.")
    Traceback (most recent call last):
    sslzoo.data.image_files.ImageSizeNeeded: image_size: needed for photos, whose images differ in \
size.
    """


class ImageFiles:
    """Random access to stored images as if they were one uint8 array (N, image_size, image_size,
    channels).

    `files[indices]` decodes those rows with a pool of threads (Pillow releases the GIL while it
    decodes); nothing is kept, so memory is bounded by what is asked for at once. An integer gives
    one image; a slice, integers or a mask a batch. What cannot be read raises OSError with its
    name.

    Args:
        paths: one path per image, or whatever else `decode(path, image_size) -> uint8 (image_size,
            image_size, channels)` reads one image from.
        image_size: pixels of a side. channels: 1 or 3.

    >>> gray = lambda path, size: np.full((size, size, 1), path, "uint8")
    >>> files = ImageFiles([7, 9], image_size=4, channels=1, decode=gray)
    >>> files.shape, files[1][0, 0, 0], files[:].shape
    ((2, 4, 4, 1), np.uint8(9), (2, 4, 4, 1))
    """

    dtype = np.dtype("uint8")
    ndim = 4
    on_disk = True  # for `check_images` and `Batches`

    def __init__(
        self, paths: Sequence, image_size: int, channels: int = 3, decode: Callable = decode
    ) -> None:
        self.paths = np.asarray(paths, object)
        self.shape = (len(self.paths), image_size, image_size, channels)
        self.decode = decode
        self._threads = Threads(os.cpu_count(), "sslzoo-decode")

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, indices: Any) -> NDArray[np.uint8]:
        if np.ndim(indices) == 0 and not isinstance(indices, slice):
            return self._read(self.paths[indices])
        paths = self.paths[indices]
        images = np.empty((len(paths), *self.shape[1:]), "uint8")
        for row, image in enumerate(self._threads.pool().map(self._read, paths)):
            images[row] = image
        return images

    def take(self, indices: Any) -> "ImageFiles":
        """The rows `indices`, in that order, still on disk."""
        return ImageFiles(self.paths[indices], self.shape[1], self.shape[3], self.decode)

    def __repr__(self) -> str:
        return f"ImageFiles{self.shape}"

    def _read(self, path):
        try:
            return self.decode(path, self.shape[1])
        except OSError as error:
            raise OSError(f"{path}: cannot be read ({error}).") from None
