"""Images as people hold them: files, encoded bytes and PIL's images, decoded when asked for."""

import io
import os
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import local_path, refused
from sslzoo.data.decode import decode, pixels_of
from sslzoo.data.listing import images_below
from sslzoo.data.pictures import Pictures


class EncodedPictures(Pictures):
    """Pictures of any size that stay as they are until one is asked for. Nothing is kept.

    Args:
        sources: paths of image files, encoded files as bytes, or images of PIL.

    Raises:
        OSError: where one is asked for that cannot be read; with its name.

    >>> from PIL import Image
    >>> EncodedPictures([Image.new("L", (6, 4))])[0].shape
    (4, 6, 3)
    """

    def __init__(self, sources: Sequence) -> None:
        self.sources = sources
        self.name, self.split = "images", "train"

    @property
    def names(self) -> list[str]:
        """Paths, or the numbers of others."""
        return [_name(number, source) for number, source in enumerate(self.sources)]

    @property
    def images(self) -> list[NDArray[np.uint8]]:
        """All of them, decoded."""
        return [self[index] for index in range(len(self))]

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        source = self.sources[index]
        try:
            if _is_pil(source):
                return pixels_of(source)
            return decode(io.BytesIO(source) if isinstance(source, bytes) else source)
        except OSError as error:
            name = _name(int(index), source)
            raise OSError(f"images: {name} cannot be read ({error}).") from None


def pictures_of(x: Any) -> Any:
    """What people hold -> `Pictures`. What is no such thing comes back as it is.

    Args:
        x: the path of an image file, or of a folder: every image below it, sorted by path, hidden
            ones left out. An encoded file as bytes, or an image of PIL. Or a list of these, or of
            arrays (H, W) or (H, W, C) of different sizes.

    Raises:
        ValueError: no such file, or no image in a folder.

    >>> pictures_of(np.zeros((2, 8, 8))).shape
    (2, 8, 8)
    >>> pictures_of([np.zeros((4, 6), "uint8"), np.zeros((9, 6), "uint8")])
    Pictures('arrays', 'train', 2 pictures)
    """
    if isinstance(x, (str, os.PathLike)):
        return EncodedPictures(_files(x))
    if isinstance(x, bytes) or _is_pil(x):
        return EncodedPictures([x])
    if not isinstance(x, (list, tuple)) or not x:
        return x
    if all(isinstance(item, (str, os.PathLike, bytes)) or _is_pil(item) for item in x):
        return EncodedPictures([_file(item) if _is_path(item) else item for item in x])
    arrays = all(isinstance(item, np.ndarray) and item.ndim in (2, 3) for item in x)
    return Pictures(x) if arrays and len({item.shape for item in x}) > 1 else x


def _files(path):
    place = local_path("images", path)
    if not place.is_dir():
        return [_file(path)]
    files = images_below(place)
    if not files:
        raise refused("images", str(path), "be a folder with images that Pillow reads")
    return files


def _file(path):
    place = local_path("images", path)
    if not place.is_file():
        raise refused("images", repr(str(path)), "be an image file, or a folder of images")
    return place


def _is_path(item):
    return isinstance(item, (str, os.PathLike))


def _is_pil(item):
    module = sys.modules.get("PIL.Image")  # who has such an image has imported it
    return module is not None and isinstance(item, module.Image)


def _name(number, source):
    return str(source) if _is_path(source) else f"item {number}"
