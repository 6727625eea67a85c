"""Named arrays -> a safetensors file, with a digest of its content, and back."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sslzoo.checks import refused
from sslzoo.training import contents

# {kind and bytes of a NumPy dtype: its name in the format}
NAMES = {
    **{"f8": "F64", "f4": "F32", "f2": "F16", "b1": "BOOL"},
    **{"i8": "I64", "i4": "I32", "i2": "I16", "i1": "I8"},
    **{"u8": "U64", "u4": "U32", "u2": "U16", "u1": "U8"},
}
DIGEST = "sslzoo_digest"
LENGTH = struct.Struct("<Q")  # of the header
ALIGNMENT = 8  # bytes, so that other readers can map the numbers


def packed(arrays: Mapping[str, np.ndarray], about: Mapping[str, str]) -> bytes:
    """The content of a safetensors file. The same arrays give the same bytes.

    Args:
        arrays: {name: array}.
        about: {key: text} of the file.

    Raises:
        ValueError: numbers that the format does not have.

    Example:
        >>> packed({"w": np.zeros(2, "uint8")}, {})[-2:]
        b'\\x00\\x00'
    """
    header, end = {"__metadata__": {**about, DIGEST: contents.digest(arrays)}}, 0
    for name, array in arrays.items():
        kind = f"{array.dtype.kind}{array.dtype.itemsize}"
        if kind not in NAMES:
            raise refused(f"the variable {name}", str(array.dtype), f"be of {', '.join(NAMES)}")
        offsets = [end, end + array.nbytes]
        header[name] = {"dtype": NAMES[kind], "shape": [*array.shape], "data_offsets": offsets}
        end += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    numbers = [array.astype(array.dtype.newbyteorder("<")).tobytes() for array in arrays.values()]
    return b"".join([LENGTH.pack(len(text)), text, *numbers])


def unpacked(path: Path) -> dict[str, np.ndarray]:
    """{name: array} of a safetensors file, or of a state dict in a file of torch.

    Raises:
        ValueError: the file is damaged, or its content is not what `packed` wrote. One that other
            programs wrote has no digest.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "a.safetensors")
        ...     _ = path.write_bytes(packed({"w": np.arange(2)}, {}))
        ...     unpacked(path)
        {'w': array([0, 1])}
    """
    from sslzoo.zoo.importers import tensors  # importers make models, which read weights

    arrays = tensors(path)
    known = _about(path).get(DIGEST)
    if known is not None and known != contents.digest(arrays):
        raise ValueError(
            f"{path}: its content does not have the digest that it was written with; it is corrupt "
            "or was changed."
        )
    return arrays


def _about(path: Path) -> dict[str, str]:
    """What a safetensors file says of itself; nothing of another file."""
    try:
        with open(path, "rb") as file:
            length = LENGTH.unpack(file.read(LENGTH.size))[0]
            about = json.loads(file.read(min(length, path.stat().st_size)))["__metadata__"]
    except (ValueError, KeyError, TypeError, struct.error):
        return {}
    return about if isinstance(about, dict) else {}
