"""Tensors of torch: a shape and strides over a storage that lies in the file."""

import math
from typing import Any, NamedTuple

import numpy as np

from sslzoo.zoo.importers.opaque import Opaque
from sslzoo.zoo.importers.refusal import Refusal, quoted

MOST_DIMENSIONS = 32
DTYPES = {
    "Float": "<f4",
    "Half": "<f2",
    "Double": "<f8",
    "Long": "<i8",
    "Int": "<i4",
    "Short": "<i2",
    "Char": "i1",
    "Byte": "u1",
    "Bool": "u1",
    "BFloat16": "<u2",
}


class StorageType(NamedTuple):
    """The kind of numbers of a storage: torch's word, and the dtype as they lie in the file.

    >>> StorageType.named("LongStorage")
    StorageType(word='Long', dtype=dtype('int64'))
    """

    word: str
    dtype: np.dtype

    @classmethod
    def named(cls, name: str) -> "StorageType | None":
        """The type of `torch.FloatStorage` and so on; None where this project has no such type."""
        word = name.removesuffix("Storage")
        return cls(word, np.dtype(DTYPES[word])) if word in DTYPES else None


class Storage(NamedTuple):
    """Numbers (count,) of a file. They are not copied, except for bfloat16 and Bool.

    >>> Storage.of(StorageType.named("BoolStorage"), bytes([0, 0, 1]), 2, 1).values
    array([False,  True])
    """

    values: np.ndarray

    @classmethod
    def of(cls, kind: StorageType, content: Any, count: int, start: int) -> "Storage":
        """The storage that starts at a byte of `content`."""
        values = np.frombuffer(content, kind.dtype, count, start)
        if kind.word == "BFloat16":  # the upper half of a float32
            values = (values.astype("uint32") << 16).view("float32")
        return cls(values != 0 if kind.word == "Bool" else values)


class StorageId(NamedTuple):
    """What a pickle says of a storage: type, key in the file, number of elements.

    >>> kind = StorageType.named("FloatStorage")
    >>> StorageId.of(("storage", kind, "0", "cuda:0", 864)).count
    864
    """

    type: StorageType | Opaque
    key: str
    count: int

    @classmethod
    def of(cls, value: Any) -> "StorageId":
        """Of ('storage', type, key, location, count, ...). Raises Refusal."""
        if isinstance(value, tuple) and value[:1] == ("module",):
            raise Refusal("a whole module of torch", "hold tensors, as of `model.state_dict()`")
        if not (isinstance(value, tuple) and len(value) in (5, 6) and value[0] == "storage"):
            raise Refusal(f"the persistent id {quoted(value)}", "name a storage")
        storage_type, key = value[1:3]
        count = value[4]
        typed = isinstance(storage_type, (StorageType, Opaque)) and isinstance(key, str)
        if not (typed and type(count) is int and count >= 0):
            raise Refusal(f"the storage {quoted(key)}", "have a type, a key and a count")
        return cls(storage_type, key, count)


def rebuild(storage: Any, offset: Any, shape: Any, strides: Any) -> np.ndarray | Opaque:
    """The array of a tensor: a read-only view of its storage.

    Raises:
        Refusal: the tensor reaches beyond its storage, or its elements overlap.

    >>> rebuild(Storage(np.arange(6)), 0, (3, 2), (1, 3)).tolist()
    [[0, 3], [1, 4], [2, 5]]
    """
    if isinstance(storage, Opaque):
        return Opaque("torch.Tensor", (storage,))
    if not isinstance(storage, Storage):
        raise Refusal(f"a tensor over {type(storage).__name__}", "have a storage")
    _check_layout(offset, shape, strides, len(storage.values))
    part = storage.values[offset:] if math.prod(shape) else storage.values[:0]
    steps = [stride * part.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(part, shape, steps, writeable=False)


def rebuild_v2(
    storage: Any,
    offset: Any,
    shape: Any,
    strides: Any,
    requires_grad: Any,
    hooks: Any,
    metadata: Any = None,
) -> np.ndarray | Opaque:
    """As `rebuild`; what else torch writes does not change the numbers.

    >>> rebuild_v2(Opaque("torch.UntypedStorage"), 0, (1,), (1,), False, {})
    <torch.Tensor, not read>
    """
    if metadata:  # conjugate and negative bits would change the numbers
        return Opaque("torch.Tensor", (metadata,))
    return rebuild(storage, offset, shape, strides)


def _check_layout(offset, shape, strides, count):
    """That all elements lie in the storage, none twice: nothing is allocated before."""
    axes = _integers(shape) and _integers(strides) and len(shape) == len(strides)
    if not (axes and len(shape) <= MOST_DIMENSIONS and type(offset) is int and offset >= 0):
        got = f"a tensor of shape {quoted(shape)}, strides {quoted(strides)}"
        raise Refusal(got, "have integers of at least 0, as many strides as axes")
    axes = sorted((stride, size) for stride, size in zip(strides, shape, strict=True) if size != 1)
    reach = 0  # of the axes with smaller strides
    for stride, size in axes if math.prod(shape) else ():
        if stride <= reach:
            got = f"a tensor of shape {quoted(shape)}, strides {quoted(strides)}"
            raise Refusal(got, "have elements that do not overlap")
        reach += stride * (size - 1)
    if math.prod(shape) and offset + reach >= count:
        got = f"a tensor of shape {quoted(shape)} in a storage of {count} elements"
        raise Refusal(got, "lie inside its storage")


def _integers(values):
    return isinstance(values, tuple) and all(type(v) is int and v >= 0 for v in values)
