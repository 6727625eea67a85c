"""TensorFlow's checkpoints: an index and data files, also in the `variables` of a SavedModel.

Each tensor has a CRC-32C. What `tf.train.Checkpoint` writes has paths of objects as names; the
names of their variables are in a tensor of its own.
"""

import math
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from sslzoo.zoo.importers import sstable
from sslzoo.zoo.importers.crc32c import crc32c, masked
from sslzoo.zoo.importers.protobuf import fields, varint
from sslzoo.zoo.importers.refusal import Refusal, quoted

BFLOAT16, STRING = 14, 7
DTYPES = {  # of types.proto
    **{1: "<f4", 2: "<f8", 3: "<i4", 4: "u1", 5: "<i2", 6: "i1", 9: "<i8", 10: "?"},
    **{BFLOAT16: "<u2", 17: "<u2", 19: "<f2", 22: "<u4", 23: "<u8"},
}
MOST_DIMENSIONS = 32
GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


class Entry(NamedTuple):
    """Where a tensor lies: BundleEntryProto of tensor_bundle.proto.

    >>> Entry.of(bytes([0x08, 0x01, 0x28, 0x04])).size
    4
    """

    dtype: int = 0
    shape: tuple[int, ...] = ()
    shard: int = 0
    offset: int = 0
    size: int = 0
    crc: int = 0

    @classmethod
    def of(cls, message: bytes) -> "Entry":
        """Of the bytes of the message. Raises Refusal."""
        values = dict.fromkeys(range(1, 8), 0) | {2: b"", 6: bytes(4)} | dict(fields(message))
        if values[7]:
            raise Refusal("a tensor in slices", "hold whole tensors")
        sizes = [dict(fields(dim)).get(1, 0) for key, dim in fields(values[2]) if key == 2]
        if len(sizes) > MOST_DIMENSIONS:
            raise Refusal(f"a tensor of {len(sizes)} axes", f"have at most {MOST_DIMENSIONS}")
        (crc,) = struct.unpack("<I", values[6])
        return cls(values[1], tuple(sizes), values[3], values[4], values[5], crc)


def read(index: Any, shards: Sequence[Any]) -> dict[str, np.ndarray]:
    """{name: array} of a checkpoint. Arrays are views of the data files.

    Args:
        index: the bytes of the index file. shards: of the data files, in order.

    Raises:
        Refusal: data files are missing, or a tensor is damaged or beyond their end.
        Exception: of any kind, where the index is damaged.

    >>> read(bytes(40) + sstable.MAGIC, [])
    Traceback (most recent call last):
    sslzoo.zoo.importers.refusal.Refusal: ('an index with a block beyond its end', 'be whole')
    """
    table = sstable.read(index)
    header = dict(fields(table.pop(b"")))
    if header.get(2):
        raise Refusal("a checkpoint of a machine with another byte order", "be little-endian")
    if header.get(1) != len(shards):
        needed = f"lie beside all its {quoted(header.get(1))} data files"
        raise Refusal(f"an index with {len(shards)} data files", needed)
    entries = {key.decode(): Entry.of(value) for key, value in table.items()}
    graph = entries.pop(GRAPH, None)
    arrays = {
        name: _array(name, entry, shards)
        for name, entry in entries.items()
        if entry.dtype != STRING
    }
    return arrays if graph is None else _named(arrays, _text(GRAPH, graph, shards))


def _bytes(name, entry, shards):
    data = memoryview(shards[entry.shard])[entry.offset : entry.offset + entry.size]
    if len(data) != entry.size:
        raise Refusal(f"a tensor {quoted(name)} beyond the end of its data", "be whole")
    return data


def _check(name, entry, crc):
    if masked(crc) != entry.crc:
        raise Refusal(f"a damaged tensor {quoted(name)}", "have its CRC-32C")


def _array(name, entry, shards):
    dtype = DTYPES.get(entry.dtype)
    if dtype is None:
        raise Refusal(f"a tensor {quoted(name)} of type {entry.dtype}", "hold plain numbers")
    data = _bytes(name, entry, shards)
    if math.prod(entry.shape) * np.dtype(dtype).itemsize != entry.size:
        raise Refusal(f"{entry.size} bytes for {quoted(name)}", f"have shape {entry.shape}")
    _check(name, entry, crc32c(data))
    array = np.frombuffer(data, dtype).reshape(entry.shape)
    if entry.dtype == BFLOAT16:  # the upper half of a float32
        array = (array.astype("u4") << 16).view("f4")
    return array


def _text(name, entry, shards):
    """The bytes of one string: its length, a CRC-32C of that, and the string."""
    data = _bytes(name, entry, shards)
    length, place = varint(data, 0)
    text = bytes(data[place + 4 :])
    if len(text) != length or entry.shape:
        raise Refusal(f"a tensor {quoted(name)} of another length", "be whole")
    head = struct.pack("<I", length) + bytes(data[place : place + 4])
    _check(name, entry, crc32c(head + text))
    return text


def _named(arrays, graph):
    """The arrays by the names of their variables, as TrackableObjectGraph has them."""
    names = {}
    nodes = (node for key, node in fields(graph) if key == 1)
    for node in nodes:
        for attribute in (value for key, value in fields(node) if key == 2):
            values = dict(fields(attribute))
            names[values.get(3, b"").decode()] = values.get(2, b"").decode()
    named = {names.get(key) or key: array for key, array in arrays.items()}
    if len(named) != len(arrays):
        raise Refusal("variables of the same name", "name each variable once")
    return named
