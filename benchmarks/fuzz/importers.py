"""Checkpoints of other people in each format: damage to the bytes, and malicious pickles.

A zip has a CRC-32 of each member, and TensorFlow's checkpoint one of each tensor, so that damage to
them is never silent. The other formats have no checksum: what they cannot tell is counted apart. So
is a damaged pickle that somebody put into a zip with a new CRC-32.
"""

import functools
import io
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from benchmarks.fuzz import Case, _foreign
from benchmarks.fuzz._bytes import DAMAGE, words
from sslzoo.zoo.importers import read, tensors

COUNT = 4000


def cases(count):
    """Each kind of damage with each format in turn."""
    with tempfile.TemporaryDirectory(prefix="sslzoo_fuzz_") as folder:
        canary = Path(folder, "executed")
        files = [(name, make(_arrays())) for name, make in FORMATS.items()]
        tensorflow = _tensorflow(_arrays(), folder)
        files += [(name, tensorflow[name.split()[1]]) for name in TENSORFLOW]
        changes = [*DAMAGE, *ATTACKS]
        for number in range(count):
            (name, content), change = files[number % len(files)], changes[number % len(changes)]
            path = _write(name, content, tensorflow, Path(folder))
            values = {key: value.copy() for key, value in tensors(path).items()}
            rng = np.random.default_rng(number)
            if change in ATTACKS:
                damaged = _with(name, change(str(canary), rng))
            else:
                damaged = change(content, rng)
            path = _write(name, damaged, tensorflow, Path(folder))
            same = functools.partial(_same, path, canary, values, name in CHECKED)
            yield Case(f"{name}: {words(change)}", same)


def _write(name, content, tensorflow, folder):
    """The path of a checkpoint with this content; of TensorFlow's, beside its other file."""
    if name in TENSORFLOW[:2]:
        for kind, end in ENDS.items():
            other = content if kind == name.split()[1] else tensorflow[kind]
            Path(folder, f"net{end}").write_bytes(other)
        return Path(folder, "net.index")
    path = Path(folder, "net.bin")
    path.write_bytes(_in_zip(content) if name == REPACKED else content)
    return path


def _same(path, canary, values, has_checksum):
    """Whether the file gives the same tensors; None where its format cannot tell."""
    try:
        read_values = tensors(path)
        read(path)
    finally:
        if canary.exists():
            raise AssertionError("the file was executed")
    same = list(read_values) == list(values) and all(
        np.array_equal(read_values[name], value, equal_nan=True) for name, value in values.items()
    )
    return True if same else (False if has_checksum else None)


def _arrays():
    rng = np.random.default_rng(0)
    return {
        "module.conv1.weight": rng.normal(size=(8, 3, 3, 3)).astype("float32"),
        "module.bn1.weight": rng.normal(size=8).astype("float16"),
        "module.bn1.num_batches_tracked": np.array(7),
        "module.fc.weight": rng.normal(size=(8, 10)),
    }


def _legacy(arrays):
    return _foreign.torch_legacy({"best": 0.9, "state_dict": arrays})


def _byol(arrays):
    params = {f"net/~/{name}": {"w": value} for name, value in arrays.items()}
    return _foreign.byol(params, {"net/~/mean_ema": {"average": np.ones(8, "float32")}})


def _repacked(arrays):
    """The pickle alone; `_in_zip` puts it beside its storages."""
    return _foreign.pickled({"state_dict": arrays}, {})


def _tensorflow(arrays, folder):
    """{kind: bytes} of the two files that TensorFlow writes, and of a zip file with both."""
    import tensorflow as tf

    prefix = str(Path(folder, "net"))
    slices = [""] * len(arrays)
    tf.raw_ops.SaveV2(
        prefix=prefix,
        tensor_names=list(arrays),
        shape_and_slices=slices,
        tensors=[tf.constant(array) for array in arrays.values()],
    )
    files = {kind: Path(f"{prefix}{end}").read_bytes() for kind, end in ENDS.items()}
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for kind, end in ENDS.items():
            archive.writestr(f"net/model.ckpt-7{end}", files[kind])
    return files | {"zip": whole.getvalue()}


def _in_zip(pickle):
    storages = {}
    _foreign.pickled(_arrays(), storages)
    return _foreign.torch_zip(pickle, storages)


REPACKED = "zip with new checksums"
ENDS = {"index": ".index", "data": ".data-00000-of-00001"}
TENSORFLOW = ("TensorFlow index", "TensorFlow data", "TensorFlow zip")
CHECKED = ("zip", *TENSORFLOW)
FORMATS = {
    "zip": lambda arrays: _foreign.torch_zip({"epoch": 3, "state_dict": arrays}),
    "legacy": _legacy,
    "safetensors": _foreign.safetensors,
    "pickle": _byol,
    REPACKED: _repacked,
}


def _with(name, attack):
    """A file whose pickle holds an attack; a safetensors file has none, so that it becomes one."""
    value = {"state_dict": _arrays(), "args": attack}
    if name == "zip":
        return _foreign.torch_zip(value)
    if name == "legacy":
        return _foreign.torch_legacy(value)
    if name == REPACKED:
        return _foreign.pickled(value, {})
    return _foreign.pickled(value)


# ---- malicious pickles ----------------------------------------------------------------


def a_command(canary, rng):
    module = ("os", "posix", "nt", "subprocess")[rng.integers(4)]
    function = "call" if module == "subprocess" else "system"
    return _foreign.Call(_foreign.Name(module, function), (f"touch {canary}",))


def a_program(canary, rng):
    module = ("builtins", "__builtin__")[rng.integers(2)]
    name = ("eval", "exec")[rng.integers(2)]
    return _foreign.Call(_foreign.Name(module, name), (f"open({canary!r}, 'w')",))


def a_state_that_is_a_command(canary, rng):
    state = {"__setstate__": a_command(canary, rng), "__class__": "os"}
    return _foreign.Call(_foreign.ORDERED, (), state)


def a_tensor_beyond_its_storage(canary, rng):
    storage = _foreign.Storage("FloatStorage", "0", 8)
    return _foreign.Tensor(storage, 0, (10**9, 10**9), (10**9, 1))


def a_registered_extension(canary, rng):
    return _foreign.Raw(b"\x82\x01")


ATTACKS = (
    a_command,
    a_program,
    a_state_that_is_a_command,
    a_tensor_beyond_its_storage,
    a_registered_extension,
)
