"""Data sets in one NumPy archive: x_train, y_train, x_test, y_test."""

import pathlib
import zipfile
import zlib

import numpy as np

from sslzoo.checks import check_images, check_labels
from sslzoo.data.dataset import Dataset


def load_npz(path, split="train"):
    """Read split `split` of an archive with x_SPLIT and, if labelled, y_SPLIT. Never unpickles.

    x_SPLIT: images (N, H, W) or (N, H, W, 1 or 3), integers in 0..255 or floats in 0..1. y_SPLIT:
    integers (N,). Images keep their rank; integers become uint8.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise ValueError(f"data: no file {path}.")
    try:
        with np.load(path, allow_pickle=False) as archive:
            splits = _splits(archive.files)
            if not splits:
                raise _NotOurs(
                    f"need the keys x_train, y_train, x_test, y_test, got {sorted(archive.files)}"
                )
            if split not in splits:
                raise _NotOurs(f"no split {split!r}; it has {splits}")
            images = archive[f"x_{split}"]
            labels = archive[f"y_{split}"] if f"y_{split}" in archive.files else None
    except _NotOurs as error:
        raise ValueError(f"{path}: {error}.") from None
    except (OSError, EOFError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        # TypeError: np.load returns a bare array for what is a .npy file inside, and that is no
        # context manager.
        raise ValueError(f"{path}: not a readable .npz of plain arrays ({error}).") from None
    checked = check_images(images, f"{path}: x_{split}")
    if labels is not None:
        labels = check_labels(labels, len(images), name=f"{path}: y_{split}")
    return Dataset(checked.reshape(images.shape), labels, None, path.stem, split)


def npz_splits(path):
    """The splits of an archive, sorted; none for a file that is no archive of a data set."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _splits(name.removesuffix(".npy") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return []


def _splits(keys):
    return sorted(key[2:] for key in keys if key.startswith("x_"))


class _NotOurs(Exception):
    """The archive can be read, but does not hold what was asked for."""
