"""torch's legacy format, of torch 0.1 to 1.5: five pickles, then the storages."""

import mmap
import struct
from typing import Any

from sslzoo.zoo.importers.machine import unpickle
from sslzoo.zoo.importers.opaque import Opaque
from sslzoo.zoo.importers.refusal import Refusal, quoted
from sslzoo.zoo.importers.torch_tensors import Storage, StorageId

MAGIC = 0x1950A86A20F9469CFC6C
START = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
PROTOCOL = 1001
COUNT = struct.Struct("<q")


def read(content: mmap.mmap) -> Any:
    """The object of a file. Arrays are views of `content`.

    The pickle of the object names storages whose places are known only behind it, so it is read
    twice.

    Raises:
        Refusal: another protocol or byte order, or damaged. The format has no checksum.
        Exception: of any kind, where the file is damaged.

    >>> import pickle, tempfile
    >>> with tempfile.TemporaryFile() as file:
    ...     for value in (MAGIC, PROTOCOL, {"little_endian": True}, {"epoch": 3}, []):
    ...         _ = file.write(pickle.dumps(value, protocol=2))
    ...     file.flush()
    ...     read(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    {'epoch': 3}
    """
    content.seek(0)
    _check_head(content)
    start = content.tell()
    wanted = {}

    def note(value):
        storage = StorageId.of(value)
        if wanted.setdefault(storage.key, storage) != storage:
            raise Refusal(f"two storages {quoted(storage.key)}", "have each key once")
        return Opaque("torch.Storage")

    unpickle(content, note)
    storages = _storages(content, wanted)

    def storage(value):
        found = storages[StorageId.of(value).key]
        return _part(found, value[5]) if len(value) == 6 and value[5] else found

    content.seek(start)
    return unpickle(content, storage)


def _check_head(content):
    if unpickle(content) != MAGIC:
        raise Refusal("another magic number", "be a checkpoint of torch.save")
    protocol = unpickle(content)
    if protocol != PROTOCOL:
        raise Refusal(f"protocol {quoted(protocol)}", f"be of protocol {PROTOCOL}")
    system = unpickle(content)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise Refusal("a file of a machine with another byte order", "be little-endian")


def _storages(content, wanted):
    """{key: storage}, in the order of the list that follows the object."""
    keys = unpickle(content)
    if not isinstance(keys, list) or len(keys) != len(wanted) or set(keys) != set(wanted):
        raise Refusal("another list of storages than its tensors have", "name each storage once")
    storages = {}
    place = content.tell()
    for key in keys:
        kind, count = wanted[key].type, wanted[key].count
        if isinstance(kind, Opaque):
            raise Refusal(f"a storage of {quoted(kind.name)}", "hold plain numbers")
        if COUNT.unpack_from(content, place)[0] != count:
            raise Refusal(f"another length of storage {quoted(key)}", f"hold {count} elements")
        place += COUNT.size
        if place + count * kind.dtype.itemsize > len(content):
            raise Refusal(f"a storage {quoted(key)} beyond its end", "be whole")
        storages[key] = Storage.of(kind, content, count, place)
        place += count * kind.dtype.itemsize
    if place != len(content):
        raise Refusal(f"{len(content) - place} bytes behind its storages", "end there")
    return storages


def _part(storage, view):
    """A storage that is a part of another: (key, offset, count)."""
    if not (isinstance(view, tuple) and len(view) == 3):
        raise Refusal(f"the part {quoted(view)} of a storage", "have a key, an offset and a count")
    start, count = view[1], view[2]
    whole = type(start) is int and type(count) is int and start >= 0 and count >= 0
    if not whole or start + count > len(storage.values):
        raise Refusal(f"the part {quoted(view)} of a storage", "lie inside it")
    return Storage(storage.values[start : start + count])
