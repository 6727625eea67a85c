"""What a checkpoint holds, written whole, and read back as it was or refused in one sentence."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sslzoo.files import atomic, make_folder, read_own
from sslzoo.training import contents

BFLOAT16_STORED = np.dtype("V2")  # NumPy's files have no bfloat16: two bytes that are no number


class Saved(NamedTuple):
    """What a checkpoint holds.

    Example:
        >>> Saved(step=3, run={}, values={}).step
        3
    """

    step: int
    run: dict[str, Any]
    values: dict[str, np.ndarray]


def read_checkpoint(path: Path) -> Saved:
    """What the checkpoint at `path` holds.

    Raises:
        ValueError: it is damaged, or of a version of sslzoo that wrote no digest.
        FileNotFoundError: there is none.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     read_checkpoint(Path(file.name))  # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        ValueError: ...: not a readable checkpoint (EOFError: No data left in file).
    """

    def members():
        with np.load(path, allow_pickle=False) as file:
            values = {name: file[name] for name in file.files}
        digest, step = str(values.pop("digest")), int(values.pop("step")[0])
        return digest, Saved(step, json.loads(str(values.pop("run"))), values)

    digest, saved = read_own(path, members, "checkpoint")
    if digest != _digest(saved):
        raise ValueError(
            f"{path}: its content does not have the digest that it was written with; it is corrupt "
            "or was changed. Remove it to begin anew."
        )
    return saved._replace(values={name: _as_used(v) for name, v in saved.values.items()})


def write_checkpoint(path: Path, saved: Saved) -> None:
    """Write a checkpoint, with the digest of its content.

    Raises:
        OSError: the file cannot be written; the one before is untouched.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "run", "checkpoint.npz")
        ...     write_checkpoint(path, Saved(3, {}, {"a": np.zeros(2)}))
        ...     read_checkpoint(path).step
        3
    """
    saved = saved._replace(values={name: _as_stored(v) for name, v in saved.values.items()})
    make_folder(path.parent)
    with atomic(path) as file:
        np.savez(file, digest=_digest(saved), **_position(saved), **saved.values)


def _position(saved: Saved) -> dict[str, Any]:
    return {"step": [saved.step], "run": json.dumps(saved.run, sort_keys=True)}


def _digest(saved: Saved) -> str:
    position = {name: np.asarray(value) for name, value in _position(saved).items()}
    return contents.digest({**saved.values, **position})


def _as_stored(value: np.ndarray) -> np.ndarray:
    return value.view(BFLOAT16_STORED) if value.dtype.name == "bfloat16" else value


def _as_used(value: np.ndarray) -> np.ndarray:
    return value.view("bfloat16") if value.dtype == BFLOAT16_STORED else value


def is_finite(value: np.ndarray) -> bool:
    """Whether all numbers of an array are finite.

    Example:
        >>> is_finite(np.array([1, np.inf]))
        False
    """
    return value.dtype.kind in "iub" or bool(np.isfinite(value).all())
