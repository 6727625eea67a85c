"""A zip file with a checkpoint of TensorFlow inside, such as SimCLR's first ones."""

import io
import mmap
import re
import zipfile

import numpy as np

from sslzoo.zoo.importers import tensorflow_checkpoint
from sslzoo.zoo.importers.refusal import Refusal, quoted

DENSEST = 20  # times that weights shrink; they hardly do
SMALL = 1 << 20


def holds(content: mmap.mmap) -> bool:
    """Whether a zip file has an index of TensorFlow. A damaged one has none.

    >>> import tempfile
    >>> with tempfile.TemporaryFile() as file:
    ...     with zipfile.ZipFile(file, "w") as archive:
    ...         archive.writestr("net/model.ckpt-7.index", b"")
    ...     holds(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    True
    """
    try:
        with zipfile.ZipFile(content) as archive:
            return any(name.endswith(".index") for name in archive.namelist())
    except Exception:  # torch's reader then says what is wrong
        return False


def read(content: mmap.mmap) -> dict[str, np.ndarray]:
    """{name: array} of the checkpoint nearest to the root of the zip file.

    Raises:
        Refusal: another format, or damaged. Exception: of any kind, where it is damaged.

    >>> import tempfile
    >>> with tempfile.TemporaryFile() as file:
    ...     with zipfile.ZipFile(file, "w") as archive:
    ...         archive.writestr("net/model.ckpt-7.index", b"")
    ...     read(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    Traceback (most recent call last):
    sslzoo.zoo.importers.refusal.Refusal: ("no index in 'net/model.ckpt-7.index'", 'be whole')
    """
    with zipfile.ZipFile(io.BufferedReader(_Stream(content))) as archive:
        names = archive.namelist()
        index = min((n for n in names if n.endswith(".index")), key=lambda n: (n.count("/"), n))
        if names.count(index) != 1 or not archive.getinfo(index).file_size:
            raise Refusal(f"no index in {quoted(index)}", "be whole")
        data = re.compile(re.escape(index.removesuffix(".index")) + r"\.data-\d{5}-of-\d{5}")
        shards = sorted(name for name in names if data.fullmatch(name))
        index, *shards = [_member(archive, name) for name in (index, *shards)]
    return tensorflow_checkpoint.read(index, shards)


class _Stream(io.RawIOBase):
    """A mapped file as a stream: mmap has no `seekable` before Python 3.13."""

    def __init__(self, content):
        content.seek(0)
        self.content = content

    def readinto(self, buffer):
        data = self.content.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset, whence=0):
        self.content.seek(offset, whence)
        return self.content.tell()

    def readable(self):
        return True

    def seekable(self):
        return True


def _member(archive, name):
    info = archive.getinfo(name)
    if info.file_size > DENSEST * info.compress_size + SMALL:
        raise Refusal(f"{quoted(name)} of {info.file_size} bytes", "hold weights, not a bomb")
    return archive.read(info)  # checks its CRC-32
