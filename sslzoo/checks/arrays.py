"""What all checks of arrays share."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks.arguments import refused

# Values are scanned in pieces, so that an array on disk that is larger than memory can be checked.
CHUNK_BYTES = 32 * 2**20


def numbers(
    values: ArrayLike, name: str, must: str = "be an array of integers or floats"
) -> NDArray:
    """`values` as one array of integers or floats, without a copy where it is one; bfloat16 becomes
    float32. `must`: what an error says is needed.

    Raises:
        TypeError: anything else, such as a sequence of unequal shapes, strings or booleans.

    >>> numbers([1, 2], "x")
    array([1, 2])
    >>> numbers("cat.jpg", "x")
    Traceback (most recent call last):
    TypeError: x: got <U7 values; it must be an array of integers or floats.
    """
    if np.ma.is_masked(values):
        raise TypeError(str(refused(name, "a masked array", "be filled (np.ma.filled)")))
    try:
        values = np.asarray(values)
    except ValueError:
        got = "a sequence of unequal shapes"
        raise TypeError(str(refused(name, got, "be one array of numbers"))) from None
    # ml_dtypes' bfloat16 has kind 'V'; it is a float all the same.
    if values.dtype.name == "bfloat16":
        return values.astype("float32")
    if values.dtype.kind not in "uif":
        got = f"{values.dtype} values"
        raise TypeError(str(refused(name, got, must)))
    return values


def extent(values: NDArray) -> tuple[np.generic, np.generic]:
    """(least, greatest) of an array that is not empty; NaN if any value is NaN. Takes little
    memory.

    >>> low, high = extent(np.array([[3, 1], [2, 5]]))
    >>> int(low), int(high)
    (1, 5)
    """
    rows = max(1, CHUNK_BYTES // max(1, values[0].nbytes))
    chunks = [values[start : start + rows] for start in range(0, len(values), rows)]
    return np.min([chunk.min() for chunk in chunks]), np.max([chunk.max() for chunk in chunks])


def finite(values: ArrayLike, name: str, form: str, *ranks: int) -> NDArray:
    """`values` as an array of finite floats; integers become float32.

    Args:
        form: the shape in words, "(N, T, F)". ranks: the numbers of axes allowed.

    Raises:
        TypeError: no array of numbers. ValueError: another rank, empty, NaN, infinite or too
        large for float32.

    >>> finite([[1, 2]], "vectors", "(N, D)", 2)
    array([[1., 2.]], dtype=float32)
    """
    values = shaped(numbers(values, name), name, f"finite numbers {form}", *ranks)
    if values.dtype.kind != "f":
        return values.astype("float32")
    low, high = extent(values)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise refused(name, "NaN or infinite values", f"be finite numbers {form}")
    if max(-low, high) > np.finfo("float32").max:  # networks compute in float32
        needed = f"be finite numbers {form} that float32 holds"
        raise refused(name, f"floats from {low} to {high}", needed)
    return values


def integers(values: ArrayLike, name: str, form: str, *ranks: int) -> NDArray:
    """`values` as an array of integers; `form` is what is needed in words. Arguments and errors as
    for `finite`.

    >>> integers([[1, 2]], "tokens", "integers (N, L)", 2)
    array([[1, 2]])
    """
    values = shaped(numbers(values, name), name, form, *ranks)
    if values.dtype.kind == "f":
        raise refused(name, f"{values.dtype} values", f"be {form}")
    return values


def shaped(values: NDArray, name: str, form: str, *ranks: int) -> NDArray:
    """`values`, an array with one of these numbers of axes, and not empty. Raises ValueError.

    >>> shaped(np.zeros((2, 3)), "vectors", "numbers (N, D)", 2).shape
    (2, 3)
    """
    if values.ndim not in ranks or 0 in values.shape:
        raise refused(name, f"shape {values.shape}", f"be {form} with at least one value")
    return values
