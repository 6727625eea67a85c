"""The table of keys and values that a TensorFlow checkpoint has as its index (LevelDB's format)."""

import struct
from typing import Any

from sslzoo.zoo.importers.crc32c import crc32c, masked
from sslzoo.zoo.importers.protobuf import varint
from sslzoo.zoo.importers.refusal import Refusal

MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)
FOOTER = 48  # bytes: two handles, zeros, the magic number
TRAILER = struct.Struct("<BI")  # of a block: its compression, its masked CRC
WORD = struct.Struct("<I")


def is_table(content: Any) -> bool:
    """Whether a file is such a table, by its last bytes.

    >>> is_table(bytes(40) + MAGIC)
    True
    """
    return len(content) >= FOOTER and content[-len(MAGIC) :] == MAGIC


def read(content: Any) -> dict[bytes, bytes]:
    """{key: value} of a table.

    Raises:
        Refusal: a block is damaged or compressed. Exception: of any kind, where it is damaged.

    >>> read(bytes(40) + MAGIC)
    Traceback (most recent call last):
    sslzoo.zoo.importers.refusal.Refusal: ('an index with a block beyond its end', 'be whole')
    """
    footer = content[-FOOTER:]
    _, place = _handle(footer, 0)
    handle, _ = _handle(footer, place)
    table = {}
    for _, value in _block(content, handle):
        inner, _ = _handle(value, 0)
        for key, entry in _block(content, inner):
            if key in table:
                raise Refusal("an index with a name twice", "name each tensor once")
            table[key] = entry
    return table


def _handle(data, place):
    """((start, size) of a block, place behind it)."""
    start, place = varint(data, place)
    size, place = varint(data, place)
    return (start, size), place


def _block(content, handle):
    """[(key, value)] of a block; a key repeats the beginning of the key before it."""
    start, size = handle
    data = bytes(content[start : start + size])
    if start + size + TRAILER.size > len(content) - FOOTER:
        raise Refusal("an index with a block beyond its end", "be whole")
    compression, crc = TRAILER.unpack_from(content, start + size)
    if masked(crc32c(content[start : start + size + 1])) != crc or size < WORD.size:
        raise Refusal("a damaged index", "have its CRC-32C")
    if compression:
        raise Refusal("a compressed index", "be stored as TensorFlow does")
    (restarts,) = WORD.unpack_from(data, size - WORD.size)
    end = size - WORD.size * (restarts + 1)
    pairs = []
    key, place = b"", 0
    while place < end:
        shared, place = varint(data, place)
        new, place = varint(data, place)
        length, place = varint(data, place)
        key = key[:shared] + data[place : place + new]
        place += new + length
        pairs.append((key, data[place - length : place]))
    return pairs
