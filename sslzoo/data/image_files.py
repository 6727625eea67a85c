"""Images that stay on disk and are decoded on access."""

import os
import warnings
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
    one image; a slice, integers or a mask a batch.

    Args:
        paths: one path per image, or whatever else `decode(path, image_size) -> uint8 (image_size,
            image_size, channels)` reads one image from.
        image_size: pixels of a side. channels: 1 or 3.
        on_error: "raise" is an OSError with the name of what cannot be read. "skip" gives the next
            image that can be read, and a warning that names and counts.
        title: what stands before a path in these sentences.

    Attributes:
        unreadable: {row: reason} of what could not be read so far.

    >>> gray = lambda path, size: np.full((size, size, 1), path, "uint8")
    >>> files = ImageFiles([7, 9], image_size=4, channels=1, decode=gray)
    >>> files.shape, files[1][0, 0, 0], files[:].shape
    ((2, 4, 4, 1), np.uint8(9), (2, 4, 4, 1))
    """

    dtype = np.dtype("uint8")
    ndim = 4
    on_disk = True  # for `check_images` and `Batches`

    def __init__(
        self,
        paths: Sequence,
        image_size: int,
        channels: int = 3,
        decode: Callable = decode,
        on_error: str = "raise",
        title: str = "",
    ) -> None:
        self.paths = np.asarray(paths, object)
        self.shape = (len(self.paths), image_size, image_size, channels)
        self.decode = decode
        self.on_error, self.title = on_error, title
        self.unreadable = {}
        self._threads = Threads(os.cpu_count(), "sslzoo-decode")

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, indices: Any) -> NDArray[np.uint8]:
        if np.ndim(indices) == 0 and not isinstance(indices, slice):
            return self._readable(range(len(self))[indices])[0]
        return self.readable(indices)[0]

    def readable(self, indices: Any) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The images of the rows `indices`, and their rows: other ones where some were skipped.

        The other row of a row is always the same one, so that a run which resumes sees it too.
        """
        rows = np.arange(len(self))[indices]
        images = np.empty((len(rows), *self.shape[1:]), "uint8")
        for place, (image, row) in enumerate(self._threads.pool().map(self._readable, rows)):
            images[place], rows[place] = image, row
        return images, rows

    def take(self, indices: Any) -> "ImageFiles":
        """The rows `indices`, in that order, still on disk."""
        own = self.decode, self.on_error, self.title
        return ImageFiles(self.paths[indices], self.shape[1], self.shape[3], *own)

    def __repr__(self) -> str:
        return f"ImageFiles{self.shape}"

    def _readable(self, row):
        """(image, its row): the first from `row` on that can be read."""
        for ahead in range(len(self)):
            other = (row + ahead) % len(self)
            try:
                return self.decode(self.paths[other], self.shape[1]), other
            except OSError as error:
                sentence = f"{self.title}{self.paths[other]}: cannot be read ({error})"
                if self.on_error == "raise":
                    raise OSError(f"{sentence}.") from None
                self._count(other, sentence, str(error))
        raise OSError(f"images: none of the {len(self)} can be read.")

    def _count(self, row, sentence, reason):
        if row not in self.unreadable:
            self.unreadable[row] = reason
            count = f"{len(self.unreadable)} of {len(self)} so far"
            warnings.warn(f"{sentence}; the next image stands for it. {count}.", stacklevel=2)
