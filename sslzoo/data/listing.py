"""Which image files a directory holds, and what its folders say about them."""

import os
import pathlib
from typing import NamedTuple

import numpy as np

from sslzoo.data.decode import SUFFIXES
from sslzoo.data.read import check_split

SPLITS = ("train", "test", "val", "validation")


class Listing(NamedTuple):
    """Image files, their labels (N,) and the names of the classes; None without folders.

    >>> Listing([pathlib.Path("cat/1.png")], np.array([0]), ["cat"]).classes
    ['cat']
    """

    files: list[pathlib.Path]
    labels: np.ndarray | None = None
    classes: list[str] | None = None


def available_splits(path: str | os.PathLike) -> list[str]:
    """The splits of a directory of images, sorted: its folders train, test, val, validation, or
    else "train" alone.

    >>> available_splits("nowhere")
    ['train']
    """
    return sorted(split for split in SPLITS if (pathlib.Path(path) / split).is_dir()) or ["train"]


def holds_images(path: pathlib.Path) -> bool:
    """Whether there is any image file below the directory `path`, hidden folders aside.

    >>> holds_images(pathlib.Path("nowhere"))
    False
    """
    return not path.name.startswith(".") and next(_images_below(path), None) is not None


def list_images(path: pathlib.Path, split: str) -> Listing:
    """The image files of one split of the directory `path`.

    The classes of every split are those of train/ where there is one, so that labels agree between
    splits. Raises ValueError: no such split, no images, images beside folders of images.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as photos:
    ...     pathlib.Path(photos, "cat").mkdir()
    ...     pathlib.Path(photos, "cat", "a.png").touch()
    ...     list_images(pathlib.Path(photos), "train")[1:]
    (array([0]), ['cat'])
    """
    splits = available_splits(path)
    check_split(path, split, splits)
    has_splits = (path / splits[0]).is_dir()
    root = path / split if has_splits else path
    files, names = _files_and_classes(root)
    if names is None:
        return Listing(files)
    classes = sorted(set(names))
    if has_splits and "train" in splits:
        trained = [folder.name for folder in _folders(path / "train") if holds_images(folder)]
        if unknown := sorted(set(classes) - set(trained)):
            raise ValueError(f"{root}: class folders {unknown[:3]} are not in {path / 'train'}.")
        classes = trained
    return Listing(files, np.searchsorted(classes, names), classes)


def _files_and_classes(root):
    flat = [entry for entry in _entries(root) if _is_image(entry)]
    folders = {
        folder: files for folder in _folders(root) if (files := sorted(_images_below(folder)))
    }
    if flat and folders:
        raise ValueError(
            f"{root}: has both images and folders of images ({next(iter(folders)).name}); need "
            "one kind."
        )
    if flat:
        return flat, None
    if not folders:
        raise ValueError(f"{root}: no image files found ({' '.join(sorted(SUFFIXES))}).")
    for folder in folders:
        if len(_folders(folder)) > 1 and not any(_is_image(entry) for entry in _entries(folder)):
            raise ValueError(
                f"{root}: its folders hold folders of images; load one of them, such as {folder}."
            )
    names = []
    for folder, files in folders.items():
        names += [folder.name] * len(files)
    return sum(folders.values(), []), names


def _entries(folder):
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def _folders(folder):
    return [entry for entry in _entries(folder) if entry.is_dir()]


def _images_below(folder):
    """The image files below a folder, lazily, in no order; hidden files and folders are left
    out.
    """
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from filter(_is_image, (pathlib.Path(parent, name) for name in names))


def _is_image(path):
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
