"""Writes checkpoint files as torch, safetensors and BYOL do, and what only an attacker writes."""

import io
import json
import pickle
import struct
import zipfile
from typing import Any, NamedTuple

import numpy as np

STORAGES = {
    "float32": "FloatStorage",
    "float16": "HalfStorage",
    "float64": "DoubleStorage",
    "int64": "LongStorage",
    "int32": "IntStorage",
    "uint8": "ByteStorage",
    "bool": "BoolStorage",
    "uint16": "BFloat16Storage",  # NumPy has no bfloat16; the tests write its bits
}
NAMES = {
    "float32": "F32",
    "float16": "F16",
    "float64": "F64",
    "int64": "I64",
    "int32": "I32",
    "uint8": "U8",
    "bool": "BOOL",
    "uint16": "BF16",
}


class Name(NamedTuple):
    """A class or function that a pickle names. Nothing of it needs to exist here."""

    module: str
    name: str


class Call(NamedTuple):
    """A call that a pickle asks for; `code` is REDUCE or NEWOBJ; `state` follows with BUILD."""

    function: Any
    arguments: Any
    state: Any = None
    code: bytes = pickle.REDUCE


class Raw(NamedTuple):
    """Instructions as they are."""

    code: bytes


class Storage(NamedTuple):
    kind: str
    key: str
    count: int
    view: Any = None


class Tensor(NamedTuple):
    storage: Any
    offset: Any
    shape: Any
    strides: Any


REBUILD = Name("torch._utils", "_rebuild_tensor_v2")
ORDERED = Name("collections", "OrderedDict")


class _Pickler(pickle._Pickler):
    """Arrays become tensors whose storages are collected, where `storages` is a dict."""

    def __init__(self, file, storages=None, legacy=False):
        super().__init__(file, protocol=2)
        self.storages, self.legacy = storages, legacy

    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, Name):
            self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())
        elif isinstance(obj, Raw):
            self.write(obj.code)
        elif isinstance(obj, Call):
            self.call(obj)
        elif isinstance(obj, Storage):
            more = (obj.view,) if self.legacy else ()
            self.save(("storage", Name("torch", obj.kind), obj.key, "cuda:0", obj.count, *more))
            self.write(pickle.BINPERSID)
        elif isinstance(obj, Tensor):
            self.call(Call(REBUILD, (*obj, False, Call(ORDERED, ()))))
        elif isinstance(obj, np.ndarray) and self.storages is not None:
            self.save(self.tensor(obj))
        else:
            super().save(obj)

    def call(self, call):
        self.save(call.function)
        self.save(call.arguments)
        self.write(call.code)
        if call.state is not None:
            self.save(call.state)
            self.write(pickle.BUILD)

    def tensor(self, array):
        key = str(len(self.storages))
        self.storages[key] = array.ravel()
        strides = tuple(np.cumprod([1, *array.shape[:0:-1]])[::-1].tolist()) if array.ndim else ()
        storage = Storage(STORAGES[str(array.dtype)], key, array.size)
        return Tensor(storage, 0, array.shape, strides)


def pickled(value, storages=None, legacy=False):
    file = io.BytesIO()
    _Pickler(file, storages, legacy).dump(value)
    return file.getvalue()


def torch_zip(value, storages=None, root="net", compression=zipfile.ZIP_STORED, more=()):
    """The bytes of a file of torch.save; `storages` {key: flat array or bytes} are written besides
    those of the arrays.
    """
    storages = dict(storages or {})
    file = io.BytesIO()
    content = value if isinstance(value, bytes) else pickled(value, storages)
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr(f"{root}/data.pkl", content)
        archive.writestr(f"{root}/byteorder", b"little")
        for key, numbers in storages.items():
            archive.writestr(f"{root}/data/{key}", _raw(numbers))
        archive.writestr(f"{root}/version", b"3\n")
        for name, numbers in more:
            archive.writestr(name, numbers)
    return file.getvalue()


def torch_legacy(value, storages=None, counts=None, little=True, end=b""):
    """The bytes of a file of torch 1.5; `counts` {key: elements} are written instead."""
    storages = dict(storages or {})
    content = value if isinstance(value, bytes) else pickled(value, storages, legacy=True)
    system = {"protocol_version": 1001, "little_endian": little, "type_sizes": {"int": 4}}
    head = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, system)]
    keys = sorted(storages)
    file = b"".join([*head, content, pickle.dumps(keys, 2)])
    for key in keys:
        count = (counts or {}).get(key, len(storages[key]))
        file += struct.pack("<q", count) + _raw(storages[key])
    return file + end


def _raw(numbers):
    return numbers if isinstance(numbers, bytes) else numbers.tobytes()


def safetensors(arrays):
    header, numbers = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        offsets = [len(numbers), len(numbers) + array.nbytes]
        dtype = NAMES[str(array.dtype)]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": offsets}
        numbers += array.tobytes()
    return safetensors_of(json.dumps(header).encode(), numbers)


def safetensors_of(header, numbers):
    return struct.pack("<Q", len(header)) + header + numbers


def byol(params, state, target=None):
    """{module: {name: array}} twice, as BYOL's program writes its state; `target`: (params, state)
    of its other network, by default the same.
    """
    flat = Name("haiku._src.data_structures", "FlatMapping")
    maps = [
        Call(flat, ({k: Call(flat, (v,)) for k, v in part.items()},))
        for part in (params, state, *(target or (params, state)))
    ]
    experiment = Name("byol.byol_experiment", "_ByolExperimentState")
    lars = Call(Name("byol.utils.optimizers", "LarsState"), (0,), code=pickle.NEWOBJ)
    fields = (maps[0], maps[2], maps[1], maps[3], lars)
    rng = np.array([0, 1], "uint32")
    whole = Call(experiment, fields, code=pickle.NEWOBJ)
    return pickled({"experiment_state": whole, "step": 300_000, "rng": rng})
