"""Weights files: Keras' own `.weights.h5` layout, smaller. Preprocessing, backbone and heads; no
optimizer, no seeds.

Encodings of a float kernel (two axes or more; biases, scales, statistics, counters and integers
stay as they are):
- float32: as Keras writes it;
- fp16: a float16 data set. Keras' own `load_weights` reads it;
- int8: `round(kernel / scale)` in -127..127 with one float32 scale per output channel (the last
  axis) in the data set `<name>_scale` beside it. Only `load_weights` below reads it.

A file carries a digest of its own content, which `load_weights` compares.

A `.safetensors` file holds the same arrays under the same names, and a digest of them.
"""

import functools
import hashlib
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from sslzoo.checks import local_path, one_of, refused
from sslzoo.files import atomic_path
from sslzoo.training import contents
from sslzoo.zoo.tensors import packed, unpacked

ENDINGS = (".weights.h5", ".safetensors")
ENCODINGS = ("fp16", "int8", "float32")
FP16_RANGE = (2.0**-14, 65504.0)  # smallest normal and largest float16
PACKED_FROM = 1024  # values; below that the chunk index costs more than gzip saves
PACKING = {"compression": "gzip", "shuffle": True}
NOT_WEIGHTS = ("optimizer/",)  # belongs to a checkpoint


def save_weights(model: keras.Model, path: str | Path, encoding: str = "fp16") -> dict[str, Any]:
    """Write the weights of a Keras model to `path` (atomically: the whole file or none).

    Args:
        model: whose weights are written.
        path: ends in .weights.h5 or .safetensors.
        encoding: one of `ENCODINGS`.

    Returns:
        {"file", "sha256", "bytes", "encoding"}, as a zoo record holds it. The same weights give the
        same bytes.

    Raises:
        ValueError: another encoding, another file ending, or weights that are not finite.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from sslzoo import nn
        >>> from sslzoo.zoo import load_weights, save_weights
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "micro.weights.h5")
        ...     record = save_weights(nn.backbone("micro", 8), path)
        ...     load_weights(nn.backbone("micro", 8, seed=1), path)
        >>> record["encoding"]
        'fp16'
    """
    path = local_path("path", path)
    one_of("encoding", encoding, ENCODINGS)
    _check_ending(path)
    with atomic_path(path) as part:
        whole = part.with_name("whole.weights.h5")
        contents.write_weights(model, whole)
        content = (_tensors if _is_tensors(path) else _smaller)(whole, encoding)
        part.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return {"file": path.name, "sha256": digest, "bytes": len(content), "encoding": encoding}


def load_weights(model: keras.Model, path: str | Path) -> None:
    """Read a weights file of any encoding, written on any backend, into a built Keras model of the
    same structure.

    Everything is compared before the first variable is assigned. Optimizer and seed generators keep
    their state.

    Raises:
        FileNotFoundError: there is no such file. ValueError: the file is damaged or no HDF5, or
            holds other variables or shapes than the model, which is then unchanged.

    Example:
        >>> import sslzoo
        >>> from sslzoo.zoo import load_weights
        >>> from sslzoo.zoo.entry import Entry
        >>> entry = Entry.find("simclr_resnet20.digits")
        >>> model = sslzoo.load(entry.name, weights=None)
        >>> load_weights(model, entry.weights_folder / entry.config.record.weights.file)
    """
    path = local_path("path", path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such weights file.")
    index, values_of = _stored(path)
    with tempfile.TemporaryDirectory(prefix="sslzoo_") as folder:
        # The model's own state is the template: what the file must hold, and the home of what it
        # does not.
        template = Path(folder) / "template.weights.h5"
        with atomic_path(template) as part:
            contents.write_weights(model, part)
        with h5py.File(template, "r+") as target:
            wanted = _datasets(target)
            _compare({name: index[name] for name in index if _is_weight(name)}, wanted, path)
            values = values_of([*wanted, *_scales(wanted, index)])
            for name, dataset in wanted.items():
                dataset[...] = _decode(name, values, dataset.dtype, path)
        keras.Model.load_weights(model, template)


def _smaller(whole: Path, encoding: str) -> bytes:
    """The content of a weights file of some encoding, of that which Keras wrote."""
    buffer = io.BytesIO()
    with h5py.File(whole, "r") as source, h5py.File(buffer, "w") as target:
        target.attrs["sslzoo_encoding"] = encoding
        _copy(source, target, encoding)
    return contents.with_digest(buffer.getvalue())


def _tensors(whole: Path, encoding: str) -> bytes:
    """The content of a safetensors file of some encoding, of the file that Keras wrote."""
    arrays = {}
    with h5py.File(whole, "r") as source:
        for name, dataset in _datasets(source).items():
            for suffix, value in _encode(dataset[()], encoding, name).items():
                arrays[name + suffix] = value
    return packed(arrays, {"format": "keras", "sslzoo_encoding": encoding})


def _stored(path: Path) -> tuple[dict[str, contents.Stored], Callable[[list[str]], dict]]:
    """({name: what is stored there}, {name: array} of names). ValueError for a damaged file."""
    if _is_tensors(path):
        arrays = unpacked(path)
        index = {name: contents.Stored(a.shape, a.dtype, False) for name, a in arrays.items()}
        return index, lambda names: {name: arrays[name] for name in names}
    contents.check_digest(path)
    return contents.hdf5_index(path), functools.partial(contents.hdf5_values, path)


def _is_tensors(path: Path) -> bool:
    return path.suffix == ENDINGS[1]


def _copy(source: h5py.File, target: h5py.File, encoding: str) -> None:
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
                packing = PACKING if value.size >= PACKED_FROM else {}
                target.create_dataset(name + suffix, data=value, **packing)

    source.visititems(visit)


def _is_weight(name: str) -> bool:
    """Keras numbers a layer's variables 0, 1, ...; what a model adds under another key (seed state)
    is no weight.
    """
    return not name.startswith(NOT_WEIGHTS) and name.rsplit("/", 1)[-1].isdigit()


def _datasets(file: h5py.File) -> dict[str, h5py.Dataset]:
    """{name: data set} of all weights in the file. Links are not followed."""
    datasets = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset) and _is_weight(name):
            datasets[name] = item

    file.visititems(visit)
    return datasets


def _encode(value: np.ndarray, encoding: str, name: str) -> dict[str, np.ndarray]:
    """{suffix of the name: array} of a variable."""
    if np.issubdtype(value.dtype, np.floating) and not np.isfinite(value).all():
        raise refused(f"the variable {name}", "NaN or infinity", "hold finite weights")
    if encoding == "float32" or value.dtype != np.float32 or value.ndim < 2 or not value.size:
        return {"": value}
    if encoding == "fp16":
        largest = np.abs(value).max()
        fits = largest == 0 or FP16_RANGE[0] <= largest <= FP16_RANGE[1]
        return {"": value.astype("float16") if fits else value}
    scale = np.abs(value).max(axis=tuple(range(value.ndim - 1))) / np.float32(127)
    scale = np.where(scale > 0, scale, np.float32(1))
    return {"": np.rint(value / scale).astype("int8"), "_scale": scale}


def _scales(wanted: dict, index: dict) -> list[str]:
    """Names of the data sets that scale an int8 variable."""
    packed = [name for name in wanted if index[name].dtype == "int8"]
    return [f"{name}_scale" for name in packed if _is_inside(index.get(f"{name}_scale"))]


def _is_inside(stored: contents.Stored | None) -> bool:
    return stored is not None and not stored.outside


def _decode(name: str, values: dict, dtype: np.dtype, path: Path) -> np.ndarray:
    """The values of a stored variable, for one of `dtype`. The file may come from anybody: what is
    not exactly as `_encode` writes it is refused.
    """
    value, variable = values[name], f"{path}: the variable {name}"
    packed = value.dtype == "int8" and dtype.kind == "f"
    both_float = value.dtype.kind == dtype.kind == "f"
    if value.dtype != dtype and not packed and not both_float:
        raise refused(variable, str(value.dtype), f"hold {dtype}")
    if packed:
        value = value.astype("float32") * _scale(name, values, path)
    with np.errstate(over="ignore"):
        value = value.astype(dtype)
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        raise refused(variable, f"NaN or values beyond {dtype}", "hold finite weights")
    return value


def _scale(name: str, values: dict, path: Path) -> np.ndarray:
    """The float32 scales (channels,) of an int8 data set."""
    scale, channels = values.get(f"{name}_scale"), values[name].shape[-1:]
    if scale is None:
        needed = f"have its scales in '{name.rsplit('/', 1)[-1]}_scale' of the same file"
        raise refused(f"{path}: the variable {name}", "int8 alone", needed)
    if scale.dtype != "float32" or scale.shape != channels:
        needed = f"be float32 {channels}, one scale a channel"
        raise refused(f"{path}: {name}_scale", f"{scale.dtype} {scale.shape}", needed)
    return scale


def _compare(stored: dict, wanted: dict, path: Path) -> None:
    """ValueError, one sentence, where a file does not hold the variables of a model."""
    missing = [f"{name} {wanted[name].shape}" for name in wanted if name not in stored]
    unexpected = [f"{name} {stored[name].shape}" for name in stored if name not in wanted]
    other = [
        f"{name} is {stored[name].shape}, the model has {wanted[name].shape}"
        for name in wanted
        if name in stored and stored[name].shape != wanted[name].shape
    ]
    external = [name for name, dataset in stored.items() if dataset.outside]
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


def _some(names: list[str]) -> str:
    more = f"; and {len(names) - 3} more" if len(names) > 3 else ""
    return "; ".join(names[:3]) + more


def _check_ending(path: Path) -> None:
    if not path.name.endswith(ENDINGS):
        raise refused("path", repr(path.name), f"end in {' or '.join(ENDINGS)}")
