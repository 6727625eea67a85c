"""Weights files: Keras' own `.weights.h5` layout, smaller. Preprocessing, backbone and heads; no
optimiser, no seeds.

Encodings of a float kernel (two axes or more; biases, scales, statistics, counters and integers
stay as they are):
- float32: as Keras writes it;
- fp16: a float16 data set. Keras' own `load_weights` reads it;
- int8: `round(kernel / scale)` in -127..127 with one float32 scale per output channel (the last
  axis) in the data set `<name>_scale` beside it. Only `load_weights` below reads it.
"""

import hashlib
import os
import tempfile
from pathlib import Path

import h5py
import numpy as np

ENCODINGS = ("fp16", "int8", "float32")
FP16_RANGE = (2.0**-14, 65504.0)  # smallest normal and largest float16
PACKED_FROM = 1024  # values; below that the chunk index costs more than gzip saves
NOT_WEIGHTS = ("optimizer/",)  # belongs to a checkpoint


def save_weights(model, path, encoding="fp16"):
    """Write the weights of a Keras model to `path` (atomically: the whole file or none).

    Returns {"file", "sha256", "bytes", "encoding"}, as a zoo record holds it; the same weights give
    the same bytes. Raises ValueError for another encoding, another file ending, or weights that are
    not finite.
    """
    path = Path(path)
    if encoding not in ENCODINGS:
        raise ValueError(f"encoding is {encoding!r}, must be one of {', '.join(ENCODINGS)}.")
    _check_ending(path)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        whole, small = Path(folder) / "whole.weights.h5", Path(folder) / "small.weights.h5"
        model.save_weights(whole)
        with h5py.File(whole, "r") as source, h5py.File(small, "w") as target:
            target.attrs["sslzoo_encoding"] = encoding
            _copy(source, target, encoding)
        with open(small, "rb") as file:
            digest, size = hashlib.file_digest(file, "sha256").hexdigest(), small.stat().st_size
            os.fsync(file.fileno())
        os.replace(small, path)
    return {"file": path.name, "sha256": digest, "bytes": size, "encoding": encoding}


def load_weights(model, path):
    """Read a weights file of any encoding, written on any backend, into a built Keras model of the
    same structure.

    Everything is compared before the first variable is assigned. Optimiser and seed generators keep
    their state. Raises FileNotFoundError; ValueError, one sentence, if the file is no HDF5 or holds
    other variables or shapes than
    the model: the model is then unchanged.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such weights file.")
    with tempfile.TemporaryDirectory(prefix="sslzoo_") as folder:
        # The model's own state is the template: what the file must hold, and the home of what it
        # does not.
        template = Path(folder) / "template.weights.h5"
        model.save_weights(template)
        with _open(path) as source, h5py.File(template, "r+") as target:
            stored, wanted = _datasets(source), _datasets(target)
            _compare(stored, wanted, path)
            for name, dataset in wanted.items():
                dataset[...] = _decode(stored[name], dataset.dtype, path)
        model.load_weights(template)


def _copy(source, target, encoding):
    """All weights and all groups (Keras looks for them), in order; not the automatic layer names,
    which count up within a process and would make the bytes depend on it.
    """

    def visit(name, item):
        if name.startswith(NOT_WEIGHTS) or name + "/" in NOT_WEIGHTS:
            return
        if isinstance(item, h5py.Group):
            target.require_group(name)
        elif _is_weight(name):
            for suffix, value in _encode(item[()], encoding, name).items():
                packed = (
                    {"compression": "gzip", "shuffle": True} if value.size >= PACKED_FROM else {}
                )
                target.create_dataset(name + suffix, data=value, **packed)

    source.visititems(visit)


def _is_weight(name):
    """Keras numbers a layer's variables 0, 1, ...; what a model adds under another key (seed state)
    is no weight.
    """
    return not name.startswith(NOT_WEIGHTS) and name.rsplit("/", 1)[-1].isdigit()


def _datasets(file):
    """{name: data set} of all weights in the file. Links are not followed."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset) and _is_weight(name):
            found[name] = item

    file.visititems(visit)
    return found


def _encode(value, encoding, name):
    if np.issubdtype(value.dtype, np.floating) and not np.isfinite(value).all():
        raise ValueError(f"the variable {name} holds NaN or infinity, finite weights are needed.")
    if encoding == "float32" or value.dtype != np.float32 or value.ndim < 2 or not value.size:
        return {"": value}
    if encoding == "fp16":
        largest = np.abs(value).max()
        fits = largest == 0 or FP16_RANGE[0] <= largest <= FP16_RANGE[1]
        return {"": value.astype("float16") if fits else value}
    scale = np.abs(value).max(axis=tuple(range(value.ndim - 1))) / np.float32(127)
    scale = np.where(scale > 0, scale, np.float32(1))
    return {"": np.rint(value / scale).astype("int8"), "_scale": scale}


def _decode(dataset, dtype, path):
    """The values of a stored variable, for one of `dtype`. The file may come from anybody: what is
    not exactly as `_encode` writes it is refused.
    """
    packed = dataset.dtype == "int8" and dtype.kind == "f"
    if dataset.dtype.kind != dtype.kind and not packed:
        raise ValueError(
            f"{path}: the variable {dataset.name} holds {dataset.dtype}, {dtype} is needed."
        )
    try:
        value = dataset[()].astype("float32") * _scale(dataset, path) if packed else dataset[()]
    except OSError as error:
        raise ValueError(f"{path}: the variable {dataset.name} cannot be read: {error}.") from error
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        raise ValueError(
            f"{path}: the variable {dataset.name} holds NaN or infinity, finite weights are needed."
        )
    return value


def _scale(dataset, path):
    """The float32 scales (channels,) of an int8 data set. Links, which could name another file, are
    not followed.
    """
    name = dataset.name.rsplit("/", 1)[-1] + "_scale"
    own = isinstance(dataset.parent.get(name, getlink=True), h5py.HardLink)
    scale = dataset.parent[name] if own else None
    if not isinstance(scale, h5py.Dataset) or scale.external or scale.is_virtual:
        raise ValueError(
            f"{path}: the variable {dataset.name} is int8, its scales in {name!r} of the same "
            "file are needed."
        )
    if scale.dtype != "float32" or scale.shape != dataset.shape[-1:]:
        found = f"{scale.dtype} {scale.shape}"
        raise ValueError(
            f"{path}: {scale.name} is {found}, float32 {dataset.shape[-1:]} is needed: one "
            "scale a channel."
        )
    return scale[()]


def _compare(stored, wanted, path):
    missing = [f"{name} {wanted[name].shape}" for name in wanted if name not in stored]
    unexpected = [f"{name} {stored[name].shape}" for name in stored if name not in wanted]
    other = [
        f"{name} is {stored[name].shape}, the model has {wanted[name].shape}"
        for name in wanted
        if name in stored and stored[name].shape != wanted[name].shape
    ]
    external = [name for name, dataset in stored.items() if dataset.external or dataset.is_virtual]
    parts = (
        ("missing", missing),
        ("unexpected", unexpected),
        ("of another shape", other),
        ("outside it", external),
    )
    problems = [f"{len(names)} {what} ({_some(names)})" for what, names in parts if names]
    if problems:
        raise ValueError(
            f"{path}: the file does not fit this model, variables {', '.join(problems)}."
        )


def _some(names):
    return "; ".join(names[:3]) + (f"; and {len(names) - 3} more" if len(names) > 3 else "")


def _open(path):
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise ValueError(f"{path}: not a readable HDF5 weights file: {error}.") from error


def _check_ending(path):
    if not path.name.endswith(".weights.h5"):
        raise ValueError(
            f"the weights file is {path.name!r}, a name that ends in .weights.h5 is needed."
        )
