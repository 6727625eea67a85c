"""Data sets in one NumPy archive: x_train, y_train, x_test, y_test, or fields by name."""

import os
import pathlib
import zipfile
import zlib
from collections.abc import Iterable

import numpy as np

from sslzoo.checks import INPUTS, check_fields, refused
from sslzoo.data.dataset import Dataset
from sslzoo.data.read import check_split

SUFFIXES = (".npz",)
GENERAL = True
SHORT = {"x": "images", "y": "labels"}  # names of old
# TypeError: np.load returns a bare array for what is a .npy file inside, and that is no context
# manager. MemoryError: a header may declare any size.
UNREADABLE = (
    OSError,
    EOFError,
    MemoryError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def reads(path: pathlib.Path) -> bool:
    """Whether the path is an archive of a data set.

    >>> reads(pathlib.Path("none.npz"))
    False
    """
    return path.is_file() and bool(splits(path))


def splits(path: str | os.PathLike) -> list[str]:
    """The splits of an archive, sorted; none of a file that is no archive of a data set.

    >>> splits("none.npz")
    []
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _splits(name.removesuffix(".npy") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return []


def load(
    path: str | os.PathLike,
    split: str = "train",
    image_size: int | None = None,
    on_error: str = "raise",
) -> Dataset:
    """Read one split of an archive. Never unpickles.

    Its arrays are named FIELD_SPLIT: series_train, targets_train, tokens_test, labels_test, ... One
    field is what a network reads (see `Dataset`). x_SPLIT are images, y_SPLIT labels. Images keep
    their rank; integers become uint8.

    Args:
        image_size, on_error: Not used.

    Raises:
        ValueError: another file, other keys, no such split, values that a field cannot have; with
            the file and the key.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/a.npz", vectors_train=np.eye(3), labels_train=[0, 1, 0])
    ...     load(f"{folder}/a.npz")
    Dataset('a', 'train', vectors (3, 3) float64, labels)
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise ValueError(f"data: no file {path}.")
    keys, arrays = _read(path, split)
    if not _splits(keys):
        needed = "hold x_train, y_train, ..., or fields such as series_train, targets_train"
        raise refused(path, f"the keys {sorted(keys)}", needed)
    check_split(path, split, _splits(keys))
    fields = {_field(key, split): array for key, array in arrays.items()}
    if len(fields) < len(arrays):
        raise refused(path, f"the keys {sorted(arrays)}", "hold each field once")
    names = {_field(key, split): f"{path}: {key}" for key in arrays}
    checked = check_fields(fields, names=names)
    if "images" in fields:
        checked["images"] = checked["images"].reshape(fields["images"].shape)
    return Dataset(**checked, name=path.stem, split=split)


def _read(path, split):
    """(all keys, {key: array} of the split)."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            keys = archive.files
            wanted = [key for key in keys if key.endswith(f"_{split}")]
            return keys, {key: archive[key] for key in wanted}
    except UNREADABLE as error:
        raise ValueError(f"{path}: not a readable .npz of plain arrays ({error}).") from None


def _splits(keys: Iterable[str]) -> list[str]:
    starts = tuple(f"{field}_" for field in (*SHORT, *INPUTS) if SHORT.get(field) != "labels")
    return sorted({key.partition("_")[2] for key in keys if key.startswith(starts)})


def _field(key, split):
    name = key.removesuffix(f"_{split}")
    return SHORT.get(name, name)
