"""What a file of weights or of a checkpoint holds, read as if it came from anybody.

Files that are written here carry a digest of their own content, so that damage is seen before
anything is loaded. Whatever the libraries raise of a damaged file becomes one sentence.
"""

import hashlib
import io
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import keras
import numpy as np

from sslzoo.files import read_own

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
MARK = b"sslzoo sha256 "  # in front of the digest
FRONT_BYTES = 512  # the smallest user block that HDF5 passes over
LAYOUT_BYTES = 4096  # that HDF5 needs for a data set beside its values, at most
MOST_PACKED = 1032  # bytes that deflate makes of one byte, at most


class Stored(NamedTuple):
    """A data set of an HDF5 file. `outside`: its values are in another file.

    Example:
        >>> Stored((2, 3), np.dtype("float32"), outside=False).shape
        (2, 3)
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    outside: bool


def digest(values: Mapping[str, np.ndarray]) -> str:
    """The sha256 of named arrays: of their names, shapes, dtypes and values.

    Example:
        >>> digest({"a": np.zeros(2)}) == digest({"a": np.zeros((2, 1))})
        False
    """
    content = hashlib.sha256()
    for name in sorted(values):
        value = np.asarray(values[name], order="C")
        content.update(repr((name, value.shape, value.dtype.str)).encode())
        content.update(value.tobytes())
    return content.hexdigest()


def hdf5_index(path: str | Path) -> dict[str, Stored]:
    """{name: what is stored there} of all data sets of an HDF5 file. Links are not followed.

    Raises:
        ValueError: the file cannot be read, or says that it holds more than it can.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     hdf5_index(file.name)  # doctest: +ELLIPSIS +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        ValueError: ...: not a readable HDF5 weights file (OSError: ...).
    """
    index = _read_hdf5(path, _index)
    size = sum(math.prod(s.shape) * s.dtype.itemsize for s in index.values())
    if size > MOST_PACKED * Path(path).stat().st_size:
        raise ValueError(f"{path}: not a readable HDF5 weights file (it declares {size} bytes).")
    return index


def hdf5_values(path: str | Path, names: Iterable[str]) -> dict[str, np.ndarray]:
    """{name: array} of data sets of an HDF5 file. Raises ValueError where they cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     with h5py.File(file.name, "w") as written:
        ...         written["a"] = [1.5]
        ...     hdf5_values(file.name, ["a"])
        {'a': array([1.5])}
    """
    return _read_hdf5(path, lambda file: {name: file[name][()] for name in names})


def check_digest(path: str | Path) -> None:
    """Refuse an HDF5 file whose content is not what was written. One without a digest, as other
    programs and older versions write it, passes.

    It is compared before HDF5 sees the file: of damaged files some keep HDF5 busy for ever.

    Raises:
        ValueError: it holds something else, or cannot be read. FileNotFoundError: there is no file.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import sslzoo
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "a.weights.h5")
        ...     sslzoo.build("simclr", "micro", 8).save_weights(path)
        ...     check_digest(path)
    """
    front, content = read_own(path, lambda: _front_and_digest(path), "HDF5 weights file")
    if front.startswith(HDF5_SIGNATURE):
        return
    if not front.startswith(MARK):
        raise ValueError(f"{path}: not a readable HDF5 weights file (it begins with other bytes).")
    if front != _front(content):
        raise ValueError(
            f"{path}: its content does not have the digest that it was written with; it is corrupt "
            "or was changed."
        )


def hdf5_attribute(path: str | Path, name: str) -> Any:
    """An attribute of an HDF5 file, or None. Raises ValueError where the file cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     h5py.File(file.name, "w").close()
        ...     hdf5_attribute(file.name, "model")
    """
    return _read_hdf5(path, lambda file: file.attrs.get(name))


def with_attribute(content: bytes, name: str, value: str) -> bytes:
    """An HDF5 file with an attribute.

    Example:
        >>> buffer = io.BytesIO()
        >>> h5py.File(buffer, "w").close()
        >>> h5py.File(io.BytesIO(with_attribute(buffer.getvalue(), "a", "b"))).attrs["a"]
        'b'
    """
    buffer = io.BytesIO(content)  # HDF5 ends the process where a disk is full
    with h5py.File(buffer, "r+") as file:
        file.attrs[name] = value
    return buffer.getvalue()


def with_digest(content: bytes) -> bytes:
    """An HDF5 file with the digest of its content in front, in what HDF5 calls a user block.

    Example:
        >>> buffer = io.BytesIO()
        >>> h5py.File(buffer, "w").close()
        >>> h5py.File(io.BytesIO(with_digest(buffer.getvalue()))).userblock_size
        512
    """
    return _front(hashlib.sha256(content).hexdigest()) + content


def write_weights(model: keras.Model, path: Path) -> None:
    """Keras' own `save_weights`, where there is space for it: HDF5 ends the process on a full disk.

    Raises:
        OSError: there is too little space.

    Example:
        >>> import tempfile
        >>> from sslzoo import nn
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_weights(nn.backbone("micro", 8), Path(folder, "a.weights.h5"))
    """
    optimizer = getattr(model, "optimizer", None)
    variables = [*model.variables, *getattr(optimizer, "variables", ())]
    size = LAYOUT_BYTES + sum(LAYOUT_BYTES + 8 * math.prod(v.shape) for v in variables)
    with open(path, "wb") as file:
        if hasattr(os, "posix_fallocate"):  # not on macOS
            os.posix_fallocate(file.fileno(), 0, size)
    keras.Model.save_weights(model, path)


def _front_and_digest(path):
    with open(path, "rb") as file:
        return file.read(FRONT_BYTES), hashlib.file_digest(file, "sha256").hexdigest()


def _front(content_digest):
    return (MARK + content_digest.encode()).ljust(FRONT_BYTES, b"\0")


def _read_hdf5(path, reading):
    def read_open():
        with h5py.File(path, "r") as file:
            return reading(file)

    return read_own(path, read_open, "HDF5 weights file")


def _index(file):
    index = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            outside = bool(item.external) or item.is_virtual
            shape = (0,) if item.shape is None else item.shape  # a null data space
            index[name] = Stored(shape, item.dtype, outside)

    file.visititems(visit)
    return index
