"""Messages of protocol buffers, field by field, without their descriptions."""

from collections.abc import Iterator
from typing import Any

from sslzoo.zoo.importers.refusal import Refusal

FIXED = {1: 8, 5: 4}  # wire type: bytes
LONGEST = 10  # bytes of a varint


def varint(data: Any, place: int) -> tuple[int, int]:
    """An integer of 7 bits a byte, and the place behind it.

    >>> varint(bytes([0xAC, 0x02]), 0)
    (300, 2)
    """
    value = 0
    for count in range(LONGEST):
        byte = data[place + count]
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return value, place + count + 1
    raise Refusal("an integer without an end", "be whole")


def fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """(number, value) of each field: an integer, or the bytes of anything else.

    Raises:
        Refusal: a field reaches beyond the end. IndexError: so does an integer.

    >>> list(fields(bytes([0x08, 0x03, 0x12, 0x01, 0x41])))
    [(1, 3), (2, b'A')]
    """
    place = 0
    while place < len(message):
        key, place = varint(message, place)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, place = varint(message, place)
            yield number, value
            continue
        size = FIXED.get(kind)
        if kind == 2:
            size, place = varint(message, place)
        if size is None or place + size > len(message):
            raise Refusal("a message that is none", "be whole")
        yield number, bytes(message[place : place + size])
        place += size
