"""Any checkpoint file of a known format, by its first bytes."""

import mmap
import os
from collections.abc import Iterable
from typing import Any

from sslzoo.checks import refused
from sslzoo.zoo.importers import (
    array_pickle,
    safetensors,
    sstable,
    tensorflow_checkpoint,
    tensorflow_zip,
    torch_legacy,
    torch_zip,
)
from sslzoo.zoo.importers.opaque import Opaque
from sslzoo.zoo.importers.parts import parts
from sslzoo.zoo.importers.refusal import Refusal, quoted

NEEDED = (
    "be a checkpoint of torch.save (zip or legacy), TensorFlow, safetensors or a pickle of arrays"
)
OTHERS = {
    b"<": "an HTML or XML page",
    b"version https://git-lfs": "a pointer of Git LFS",
    b"\x89HDF": "an HDF5 file",
    b"\x1f\x8b": "a gzip file",
    b"\x93NUMPY": "an .npy file",
}
DEEPEST = 50  # containers inside each other


def read(path: str | os.PathLike) -> Any:
    """All that a checkpoint file holds: nested dicts, lists, tuples, and NumPy arrays.

    No pickle is executed. Classes that the reader does not know become an `Opaque`.
    Arrays of torch and safetensors are read-only views of the file, so that it is not copied: it
    must stay as it is while they are used. bfloat16 becomes float32.

    Args:
        path: as of `parts`.

    Raises:
        ValueError: another format, a damaged or a malicious file, in one sentence.
        FileNotFoundError: there is no such file.

    >>> import pickle, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "byol.pkl")
    ...     with open(path, "wb") as file:
    ...         pickle.dump({"step": 3}, file, protocol=2)
    ...     read(path)
    {'step': 3}
    """
    path, *shards = parts(path)
    try:
        return _read(path, shards)
    except Refusal as refusal:
        raise refused(str(path), refusal.got, refusal.must) from refusal
    except OSError as error:
        raise OSError(f"{path}: this checkpoint cannot be read ({error.strerror}).") from error
    except Exception as error:  # a damaged file raises a dozen kinds
        reason = quoted(" ".join(f"{type(error).__name__}: {error}".split()))
        must = "be a whole checkpoint, so fetch it again"
        raise refused(str(path), f"a damaged file ({reason})", must) from error


def _read(path, shards):
    content = _mapped(path)
    if sstable.is_table(content):
        return tensorflow_checkpoint.read(content, [_mapped(shard) for shard in shards])
    value = _format(content).read(content)
    _check_depth(value)
    return value


def _mapped(path):
    if not path.stat().st_size:
        raise Refusal("an empty file", NEEDED)
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _format(content):
    """The module that reads a file."""
    head = content[:512]
    if head[257:262] == b"ustar":
        raise Refusal("torch's old tar format or another tar file", NEEDED)
    if head.startswith(torch_zip.START):
        return tensorflow_zip if tensorflow_zip.holds(content) else torch_zip
    if head.startswith(torch_legacy.START):
        return torch_legacy
    if head[8:9] == b"{":
        return safetensors
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return array_pickle
    for start, words in OTHERS.items():
        if head.lstrip().startswith(start):
            raise Refusal(words, NEEDED)
    raise Refusal(f"a file that starts with {quoted(head[:8])}", NEEDED)


def _check_depth(value):
    """That no program which walks over the value runs out of stack."""
    level = [value]
    seen = set()
    for _ in range(DEEPEST):
        inner = [part for container in level for part in _inner(container)]
        level = [part for part in inner if id(part) not in seen]
        seen.update(map(id, level))
        if not level:
            return
    raise Refusal(f"more than {DEEPEST} containers inside each other", "be flatter")


def _inner(value: Any) -> Iterable:
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, Opaque):
        return [*value.arguments, value.state]
    return value if isinstance(value, (list, tuple)) else ()
