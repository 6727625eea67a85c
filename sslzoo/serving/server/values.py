"""One value of a request, JSON -> an array of the dtype that a signature needs."""

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sslzoo.serving.server.status import invalid

LONGEST = 80  # characters of a value in an error
WORDS = {"float32": "float", "float64": "double", "object": "string"}
KINDS = {"f": "fiu", "i": "iu", "u": "iu", "b": "b", "O": "O"}  # of an array -> of its JSON values
TYPES = {"f": (int, float), "i": (int,), "u": (int,), "b": (bool,), "O": (str,)}
NAMES = {dict: "Object", list: "Array", str: "String", int: "Number", float: "Number"}


class Input(NamedTuple):
    """An input of a signature.

    dtype: of NumPy; object for strings. shape: with None for sizes that a request chooses.

    Example:
        >>> import numpy as np
        >>> from sslzoo.serving.server.values import Input
        >>> Input(np.dtype("uint8"), (None, None, None, 3)).word
        'uint8'
    """

    dtype: np.dtype
    shape: tuple[int | None, ...]

    @property
    def word(self) -> str:
        return WORDS.get(self.dtype.name, self.dtype.name)

    def takes(self, shape: tuple[int, ...]) -> bool:
        """Whether an array of this shape fits."""
        return len(shape) == len(self.shape) and all(
            size in (None, got) for size, got in zip(self.shape, shape, strict=True)
        )


def is_file(value: Any) -> bool:
    """Whether a value is {"b64": text}.

    Example:
        >>> from sslzoo.serving.server.values import is_file
        >>> is_file({"b64": ""})
        True
    """
    return isinstance(value, dict) and value.keys() == {"b64"} and isinstance(value["b64"], str)


def short(value: Any) -> str:
    """A value as JSON, cut.

    Example:
        >>> from sslzoo.serving.server.values import short
        >>> short([1, None])
        '[1, null]'
    """
    text = json.dumps(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def to_array(values: Any, needed: Input) -> NDArray:
    """JSON -> an array of a dtype. Files are {"b64": text}; texts become UTF-8.

    Raises:
        Refused: values of other types, out of range, or in lists of different lengths.

    Example:
        >>> import numpy as np
        >>> from sslzoo.serving.server.values import Input, to_array
        >>> to_array([[1, 2]], Input(np.dtype("float32"), (None, 2)))
        array([[1., 2.]], dtype=float32)
    """
    return (_strings if needed.dtype.kind == "O" else _numbers)(values, needed)


def _numbers(values: Any, needed: Input) -> NDArray:
    try:
        array = np.array(values)
    except ValueError:
        raise invalid(_ragged(values)) from None
    if array.size == 0:
        return array.astype(needed.dtype)
    if array.dtype.kind not in KINDS[needed.dtype.kind]:
        raise invalid(_wrong(values, needed))
    _check_range(array, needed)
    return array.astype(needed.dtype)


def _check_range(array: NDArray, needed: Input) -> None:
    if needed.dtype.kind in "iu":
        limits = np.iinfo(needed.dtype)
        for value in (array.min(), array.max()):
            if not limits.min <= value <= limits.max:
                raise invalid(f"JSON Value: {value} is out of range of type: {needed.word}")
    elif needed.dtype == np.float32 and array.dtype.kind == "f":
        finite = array[np.isfinite(array)]
        largest = np.abs(finite).max(initial=0)
        if largest > np.finfo("float32").max:
            raise invalid(
                f"Cannot convert JSON value: {largest} to float without loss of precision."
            )


def _strings(values: Any, needed: Input) -> NDArray:
    if not isinstance(values, list):
        array = np.empty((), object)
        array[()] = _string(values, needed)
        return array
    array = np.empty(len(values), object)
    for place, value in enumerate(values):
        array[place] = _string(value, needed)
    return array


def _string(value: Any, needed: Input) -> bytes:
    if isinstance(value, str):
        return value.encode(errors="surrogatepass")
    if not is_file(value):
        raise invalid(_wrong(value, needed))
    try:
        return base64.b64decode(value["b64"], validate=True)
    except (binascii.Error, ValueError):
        raise invalid("Unable to base64 decode") from None


def _wrong(values: Any, needed: Input) -> str:
    """What stands where another type is needed."""
    for leaf in _leaves(values):
        if type(leaf) not in TYPES[needed.dtype.kind]:
            kind = str(leaf) if isinstance(leaf, bool) else NAMES.get(type(leaf), "Null")
            return f"JSON Value: {short(leaf)} Type: {kind} is not of expected type: {needed.word}"
    return f"JSON Value: {short(values)} is not of expected type: {needed.word}"


def _leaves(values: Any) -> Iterator[Any]:
    if isinstance(values, list):
        for value in values:
            yield from _leaves(value)
    else:
        yield values


def _ragged(values: list) -> str:
    """Where a list is of another length than the first one beside it."""
    level, rows = 0, [values]
    while all(isinstance(row, list) for row in rows):
        sizes = [len(row) for row in rows]
        other = next((size for size in sizes if size != sizes[0]), None)
        if other is not None:
            return (
                f"Encountered list at unexpected size: {other} at level: {level} expected size: "
                f"{sizes[0]}"
            )
        level, rows = level + 1, [value for row in rows for value in row]
    return f"Encountered list at unexpected level: {level} expected < {level}"
