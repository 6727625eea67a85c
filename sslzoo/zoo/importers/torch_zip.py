"""torch's zip format, of torch 1.6 and later: `root/data.pkl` and `root/data/KEY` for storages."""

import io
import mmap
import struct
import zipfile
import zlib
from typing import Any

from sslzoo.zoo.importers.machine import unpickle
from sslzoo.zoo.importers.opaque import Opaque
from sslzoo.zoo.importers.refusal import Refusal, quoted
from sslzoo.zoo.importers.torch_tensors import Storage, StorageId

LOCAL_HEADER = struct.Struct("<4s22xHH")  # signature, length of the name and of the extra field
START = b"PK\x03\x04"
UTF8 = 1 << 11  # in the flags of a member; without it, names are of code page 437


def read(content: mmap.mmap) -> Any:
    """The object of a file. Arrays are views of `content`.

    Raises:
        Refusal: not torch's, compressed, or damaged (each member has a CRC-32).
        Exception: of any kind, where the file is damaged.

    >>> import tempfile
    >>> with tempfile.TemporaryFile() as file:
    ...     with zipfile.ZipFile(file, "w") as archive:
    ...         archive.writestr("net/data.pkl", b"K\\x05.")
    ...     read(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    5
    """
    members = _members(content)
    root = _root(members)
    order = _bytes(content, members.get(f"{root}/byteorder", (0, 0)))
    if order not in (b"", b"little"):
        raise Refusal(f"the byte order {quoted(order)}", "be little")

    storages = {}

    def storage(value):
        wanted = StorageId.of(value)
        if isinstance(wanted.type, Opaque):
            return wanted.type
        if wanted not in storages:
            storages[wanted] = _storage(content, members.get(f"{root}/data/{wanted.key}"), wanted)
        return storages[wanted]

    stream = io.BytesIO(_bytes(content, members[f"{root}/data.pkl"]))
    value = unpickle(stream, storage)
    if stream.read(1):
        raise Refusal("bytes behind its pickle", "hold one pickle")
    return value


def _storage(content, place, wanted):
    if place is None:
        raise Refusal(f"no storage {quoted(wanted.key)}", "hold each storage of its tensors")
    start, size = place
    if size != wanted.count * wanted.type.dtype.itemsize:
        got = f"{size} bytes in storage {quoted(wanted.key)}"
        raise Refusal(got, f"hold {wanted.count} elements of {wanted.type.word}")
    return Storage.of(wanted.type, content, wanted.count, start)


def _members(content):
    """{name: (start, size) of its bytes}."""
    members = {}
    with zipfile.ZipFile(content) as archive:
        if any(name.endswith("/constants.pkl") for name in archive.namelist()):
            raise Refusal("a TorchScript program", "hold tensors, as of `model.state_dict()`")
        for info in archive.infolist():
            members[info.filename] = _place(content, info, members)
    end = 0
    for start, size in sorted(members.values()):
        if start < end:
            raise Refusal("members that overlap", "hold each byte once")
        end = start + size
    for info in archive.infolist():
        start, size = members[info.filename]
        if zlib.crc32(memoryview(content)[start : start + size]) != info.CRC:
            raise Refusal(f"a damaged member {quoted(info.filename)}", "have its CRC-32")
    return members


def _place(content, info, members):
    name = info.filename
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
        raise Refusal(f"a compressed member {quoted(name)}", "be stored as torch does")
    if info.flag_bits & 1:
        raise Refusal(f"an encrypted member {quoted(name)}", "be stored as torch does")
    inside = not name.startswith("/") and "\\" not in name and ".." not in name.split("/")
    if not inside or name in members:
        raise Refusal(f"the member {quoted(name)}", "have names inside the file, each once")
    header = LOCAL_HEADER.unpack_from(content, info.header_offset)
    name_start = info.header_offset + LOCAL_HEADER.size
    start = name_start + sum(header[1:])
    stored = content[name_start : name_start + header[1]]
    encoding = "utf-8" if info.flag_bits & UTF8 else "cp437"
    if header[0] != START or stored != info.orig_filename.encode(encoding):
        raise Refusal(f"another name at member {quoted(name)}", "have one name for each member")
    if start + info.file_size > len(content):
        raise Refusal(f"a member {quoted(name)} beyond its end", "be whole")
    return start, info.file_size


def _root(members):
    roots = [name.removesuffix("/data.pkl") for name in members if name.endswith("/data.pkl")]
    if len(roots) != 1 or "/" in roots[0]:
        raise Refusal("a zip file without one data.pkl", "be a checkpoint of torch.save")
    return roots[0]


def _bytes(content, place):
    start, size = place
    return content[start : start + size]
