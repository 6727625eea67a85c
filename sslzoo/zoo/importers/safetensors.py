"""The safetensors format: the length of a header, the header in JSON, the numbers."""

import json
import math
import mmap
import struct
from typing import Any

import numpy as np

from sslzoo.zoo.importers.refusal import Refusal, quoted

LENGTH = struct.Struct("<Q")
LONGEST_HEADER = 100_000_000  # bytes; the limit of the format
MOST_DIMENSIONS = 32
DTYPES = {
    **{"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "BOOL": "u1"},
    **{"I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1"},
    **{"U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1"},
}


def read(content: mmap.mmap) -> dict[str, np.ndarray]:
    """{name: array}. Arrays are views of `content`, except for BF16 and BOOL.

    Raises:
        Refusal: tensors beyond the file, that overlap or leave holes. The format has no checksum.
        Exception: of any kind, where the header is no JSON.

    >>> import tempfile
    >>> header = b'{"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}'
    >>> with tempfile.TemporaryFile() as file:
    ...     _ = file.write(LENGTH.pack(len(header)) + header + bytes([3, 5]))
    ...     file.flush()
    ...     read(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    {'w': array([3, 5], dtype=uint8)}
    """
    length = LENGTH.unpack_from(content, 0)[0]
    start = LENGTH.size + length
    if length > LONGEST_HEADER or start > len(content):
        raise Refusal(f"a header of {length} bytes", "have a header inside the file")
    header = json.loads(content[LENGTH.size : start].decode(), object_pairs_hook=_each_once)
    header.pop("__metadata__", None)
    spans = {name: _span(name, entry) for name, entry in header.items()}
    end = 0
    for begin, stop in sorted(spans.values()):
        if begin != end:
            raise Refusal(f"tensors that overlap or leave a hole at {end}", "hold each byte once")
        end = stop
    if start + end != len(content):
        raise Refusal(f"{len(content) - start} bytes of numbers", f"hold {end}, as its header says")
    return {
        name: _array(content, header[name], start + begin) for name, (begin, _) in spans.items()
    }


def _each_once(pairs):
    if len({key for key, _ in pairs}) != len(pairs):
        raise Refusal("a header with a name twice", "name each tensor once")
    return dict(pairs)


def _span(name: str, entry: Any) -> tuple[int, int]:
    """Where the numbers of a tensor begin and stop, behind the header."""
    shape, offsets = entry["shape"], entry["data_offsets"]
    numbers = [*shape, *offsets]
    plain = all(type(number) is int and number >= 0 for number in numbers)
    known = entry["dtype"] in DTYPES and len(entry) == 3
    if not (plain and known and len(offsets) == 2 and len(shape) <= MOST_DIMENSIONS):
        raise Refusal(f"the entry {quoted(name)}", f"have a shape and one of {', '.join(DTYPES)}")
    needed = math.prod(shape) * np.dtype(DTYPES[entry["dtype"]]).itemsize
    if offsets[1] - offsets[0] != needed:
        raise Refusal(f"{offsets[1] - offsets[0]} bytes for {quoted(name)}", f"hold {needed}")
    return offsets[0], offsets[1]


def _array(content, entry, start):
    count = math.prod(entry["shape"])
    values = np.frombuffer(content, DTYPES[entry["dtype"]], count, start).reshape(entry["shape"])
    if entry["dtype"] == "BF16":  # the upper half of a float32
        return (values.astype("uint32") << 16).view("float32")
    return values != 0 if entry["dtype"] == "BOOL" else values
