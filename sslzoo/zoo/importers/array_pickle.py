"""A pickle of NumPy arrays, such as BYOL's checkpoints of JAX."""

import mmap
from typing import Any

from sslzoo.zoo.importers.machine import unpickle
from sslzoo.zoo.importers.refusal import Refusal


def read(content: mmap.mmap) -> Any:
    """The object of a file. Arrays are copies.

    Raises:
        Refusal: the pickle asks for something that only a program could give.
        Exception: of any kind, where the file is damaged. The format has no checksum.

    >>> import pickle, tempfile
    >>> with tempfile.TemporaryFile() as file:
    ...     _ = file.write(pickle.dumps({"step": 3}, protocol=2))
    ...     file.flush()
    ...     read(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    {'step': 3}
    """
    content.seek(0)
    value = unpickle(content)
    if content.tell() != len(content):
        raise Refusal(f"{len(content) - content.tell()} bytes behind its pickle", "end there")
    return value
