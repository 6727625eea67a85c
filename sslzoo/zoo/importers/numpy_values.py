"""NumPy's arrays, scalars and dtypes in a pickle."""

import math
import re
from typing import Any

import numpy as np

from sslzoo.zoo.importers.opaque import Opaque
from sslzoo.zoo.importers.refusal import Refusal, quoted

PLAIN = re.compile(r"b1|[iu][1248]|f[248]")
MOST_DIMENSIONS = 32


class Dtype:
    """A dtype of plain numbers; its byte order comes with its state.

    >>> Dtype("f4").set_state((3, "<", None, None, None, -1, -1, 0))
    """

    def __init__(self, word: str) -> None:
        self.numpy = np.dtype(f"<{word}")

    def set_state(self, state: Any) -> None:
        """Take (version, byte order, ...). Raises Refusal: not little-endian."""
        if not (isinstance(state, tuple) and len(state) >= 2 and state[1] in ("<", "|")):
            raise Refusal(f"a dtype with the state {quoted(state)}", "be little-endian")


def dtype(word: Any, align: Any = False, copy: Any = False) -> Dtype | Opaque:
    """The dtype of numbers; of objects and records nothing is read.

    >>> dtype("f4").numpy, dtype("O8")
    (dtype('float32'), <numpy.dtype, not read>)
    """
    plain = isinstance(word, str) and PLAIN.fullmatch(word)
    return Dtype(word) if plain else Opaque("numpy.dtype", (word,))


def reconstruct(cls: Any, shape: Any, word: Any) -> np.ndarray:
    """The empty array that `fill` completes.

    >>> reconstruct(None, (0,), b"b").shape
    (0,)
    """
    if shape != (0,):
        raise ValueError("the shape of a new array is (0,)")
    return np.empty(0, "uint8")


def fill(array: np.ndarray, state: Any) -> None:
    """Give an array of `reconstruct` its shape, dtype and values. Raises Refusal.

    >>> array = reconstruct(None, (0,), b"b")
    >>> fill(array, (1, (2,), Dtype("u1"), False, bytes([3, 5])))
    >>> array
    array([3, 5], dtype=uint8)
    """
    if not (isinstance(state, tuple) and len(state) == 5 and array.shape == (0,)):
        raise Refusal("an array with another state", "be written by NumPy")
    if array.base is not None or array.dtype != "uint8":
        raise Refusal("an array that is filled twice", "be written by NumPy")
    shape, kind = state[1:3]
    data = state[4]
    if isinstance(kind, Opaque):
        raise Refusal("an array of objects", "hold numbers")
    sizes = isinstance(shape, tuple) and all(type(size) is int and size >= 0 for size in shape)
    if not (sizes and len(shape) <= MOST_DIMENSIONS and isinstance(kind, Dtype)):
        raise Refusal(f"an array of shape {quoted(shape)}", "have integers as its shape")
    needed = math.prod(shape) * kind.numpy.itemsize
    if not isinstance(data, bytes) or len(data) != needed:
        raise Refusal(f"an array of shape {quoted(shape)}", f"hold {needed} bytes")
    array.__setstate__((1, shape, kind.numpy, state[3] is True, data))


def scalar(kind: Any, data: Any = b"") -> Any:
    """One number of NumPy, as Python's.

    >>> scalar(Dtype("f8"), bytes(8))
    0.0
    """
    if isinstance(kind, Opaque):
        return Opaque("numpy.scalar", (kind,))
    typed = isinstance(kind, Dtype) and isinstance(data, bytes)
    if not typed or len(data) != kind.numpy.itemsize:
        raise ValueError("a dtype and as many bytes are needed")
    return np.frombuffer(data, kind.numpy)[0].item()


def encode(text: Any, encoding: Any = "latin1") -> bytes:
    r"""Bytes, as protocol 2 writes them.

    >>> encode("\xff", "latin1")
    b'\xff'
    """
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise ValueError("text in latin1 is needed")
    return text.encode("latin-1")
