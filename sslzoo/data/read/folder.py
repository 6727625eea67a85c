"""Data sets in a directory of images."""

import functools
import os
import pathlib
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from sslzoo.data import image_files
from sslzoo.data.dataset import Dataset
from sslzoo.data.decode import decode, guessed_bits, probe
from sslzoo.data.image_files import ImageFiles, ImageSizeNeeded
from sslzoo.data.listing import (
    Listing,
    available_splits,
    holds_images,
    list_images,
    warn_of_unread,
)
from sslzoo.data.pictures import Pictures
from sslzoo.progress import progress

SUFFIXES = ()
GENERAL = True


def reads(path: pathlib.Path) -> bool:
    """Whether the path is a directory with an image file somewhere below it.

    >>> reads(pathlib.Path("nowhere"))
    False
    """
    return path.is_dir() and holds_images(path)


def splits(path: str | os.PathLike) -> list[str]:
    """The splits of a directory of images, sorted, as `available_splits` finds them.

    >>> splits("nowhere")
    ['train']
    """
    return available_splits(path)


def load(
    path: str | os.PathLike,
    split: str = "train",
    image_size: int | None = None,
    on_error: str = "raise",
    labels: str | os.PathLike | None = None,
) -> Dataset:
    """Read a directory of images: uint8 RGB (N, H, W, 3).

    path/CLASS/... : labeled, classes sorted by name (those of train/ where there is one). path/*:
    no labels. path/train, path/test, path/val, path/validation are splits, each laid out in one of
    these two ways; without them there is one split, "train". path/unlabeled is a split without
    labels, beside splits or classes. Case does not matter in the names of splits.

    Gray and color of more than 8 bits keep their upper 8. Where files do not say how many bits they
    have, the largest value of all decides, and a warning says what it is, unless it is 16.

    Files are those with an ending that Pillow reads, sorted by path, hidden ones left out. Links to
    folders are followed. One warning counts and names other files, and folders without images.

    Up to 1 GiB of pixels come as an array. More come as `ImageFiles`, decoded on access (needs
    image_size). Of those, headers and ends are checked here; damage in the middle of a file shows
    when the row is read, and `on_error` says what then happens.

    Args:
        image_size: shorter side resized (bicubic, antialiased) and center cut; needed when the
            sizes of the files differ.
        on_error: "raise" lists the files that cannot be read, "skip" leaves them out with one
            warning.
        labels: a CSV of paths and labels (`sslzoo.data.label_file`). The files in it are the split
            "train", all others "unlabeled"; folders mean nothing then.

    Raises:
        ValueError: no images, no such split, unreadable files, sizes that differ, splits beside
            classes.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as photos:
    ...     Image.new("RGB", (9, 6)).save(f"{photos}/a.png")
    ...     load(photos, image_size=4).images.shape
    (1, 4, 4, 3)
    """
    path = pathlib.Path(path)
    listing = list_images(path, split, labels)
    warn_of_unread(path, listing.unread, stacklevel=3)
    listing, images = read_images(listing, path, image_size, on_error)
    return Dataset(images, listing.labels, listing.classes, path.name, split)


def read_images(
    listing: Listing, path: pathlib.Path, image_size: int | None, on_error: str
) -> tuple[Listing, NDArray[np.uint8] | ImageFiles]:
    """(listing, images) of the files that can be read: an array (N, H, W, 3), or `ImageFiles`.

    Args:
        listing: Files below the directory `path`.
        image_size, on_error: As for `load`.

    Raises:
        ValueError: As `load` does.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as photos:
    ...     file = pathlib.Path(photos, "a.png")
    ...     Image.new("RGB", (9, 6)).save(file)
    ...     read_images(Listing([file]), pathlib.Path(photos), None, "raise")[1].shape
    (1, 6, 9, 3)
    """
    listing, headers = usable(_header, listing, path, on_error, "reading headers", 5)
    sizes = [size for size, _ in headers]
    bits = _common_bits(path, [bits for _, bits in headers])
    read = functools.partial(decode, bits=bits)
    height, width = _common_size(path, listing.files, sizes, image_size)
    count = len(listing.files)
    if count * height * width * 3 > image_files.ARRAY_LIMIT:
        if image_size is None:
            raise ImageSizeNeeded(
                f"image_size: needed for {path}, whose {count} images are too large for memory."
            )
        return listing, ImageFiles(listing.files, image_size, decode=read, on_error=on_error)
    listing, images = usable(
        lambda file: read(file, image_size), listing, path, on_error, "decoding images", 5
    )
    return listing, np.stack(images)


def pictures(
    path: str | os.PathLike, split: str = "train", smallest: int = 1, on_error: str = "raise"
) -> Pictures:
    """Read a directory of images, laid out as for `load`, each at its own size.

    They are named by file without suffix; where that is the same for two, by the path in the
    directory, if need be with it.

    Args:
        smallest: pixels that both sides must have. on_error: as for `load`.

    Raises:
        ValueError: no images, no such split, files that are unreadable or smaller.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as photos:
    ...     Image.new("RGB", (9, 6)).save(f"{photos}/a.png")
    ...     pictures(photos)[0].shape
    (6, 9, 3)
    """
    path = pathlib.Path(path)

    def read(file):
        pixels = decode(file)
        height, width = pixels.shape[:2]
        if min(height, width) < smallest:
            raise OSError(f"{height}x{width} pixels, {smallest} are needed")
        return pixels

    listing = list_images(path, split)
    warn_of_unread(path, listing.unread, stacklevel=3)
    listing, images = usable(read, listing, path, on_error, "decoding images")
    return Pictures(images, _names(path, listing.files), path.name, split)


def _names(path, files):
    below = [file.relative_to(path) for file in files]
    choices = (
        [file.stem for file in files],
        [file.with_suffix("").as_posix() for file in below],
        [file.as_posix() for file in below],
    )
    return next(names for names in choices if len(set(names)) == len(names))


def usable(
    function: Callable,
    listing: Listing,
    path: pathlib.Path,
    on_error: str,
    what: str,
    stacklevel: int = 4,
) -> tuple[Listing, list]:
    """(listing, [function(file)]) of the files for which it raises no OSError.

    Args:
        path: of the directory. on_error: as for `load`. what: title of the bar. stacklevel: of the
            warning, so that it points at the caller of `sslzoo.data.load`.

    Raises:
        ValueError: it raises one for a file, and on_error is "raise"; or for all files.

    >>> usable(len, Listing([]), pathlib.Path("photos"), "raise", "reading")[1]
    []
    """

    def attempt(file):
        try:
            return function(file)
        except OSError as error:
            return error

    files = listing.files
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(progress(pool.map(attempt, files), what, len(files)))
    bad = [row for row, result in enumerate(results) if isinstance(result, OSError)]
    if not bad:
        return listing, results
    named = [f"{files[row].relative_to(path)} ({results[row]})" for row in bad[:5]]
    named += ["..."] if bad[5:] else []
    message = f"{path}: {len(bad)} of {len(files)} image files cannot be used: {', '.join(named)}"
    if len(bad) == len(files):
        raise ValueError(f"{message}; none is left.")
    if on_error == "raise":
        raise ValueError(f"{message}; repair them or pass on_error='skip'.")
    warnings.warn(f"{message}; left out.", stacklevel=stacklevel)
    good = np.setdiff1d(np.arange(len(files)), bad)
    labels = None if listing.labels is None else listing.labels[good]
    usable = listing._replace(files=[files[row] for row in good], labels=labels)
    return usable, [results[row] for row in good]


def _header(file):
    return probe(file), guessed_bits(file)


def _common_bits(path, bits):
    """Bits of the values of all files that do not say it, or None; other than 16 is said."""
    deep = [number for number in bits if number]
    if deep and max(deep) != 16:
        warnings.warn(
            f"{path}: {len(deep)} of {len(bits)} images hold values of more than 8 bits, and "
            f"do not say how many; by the largest value {max(deep)} are taken.",
            stacklevel=5,
        )
    return max(deep, default=None)


def _common_size(path, files, sizes, image_size):
    if image_size is not None:
        return image_size, image_size
    first = sizes[0]
    for file, size in zip(files, sizes, strict=True):
        if size != first:
            raise ImageSizeNeeded(
                f"image_size: needed for {path}, whose images differ in size, such as "
                f"{files[0].name} "
                f"{first[0]}x{first[1]} and {file.name} {size[0]}x{size[1]} (height x width)."
            )
    return first
