"""What series, tokens, vectors and audio must be before a model sees them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks.arguments import refused
from sslzoo.checks.arrays import extent, finite, integers, numbers, shaped


def check_series(series: ArrayLike, name: str = "series") -> NDArray:
    """Finite numbers (N, T, F): T steps of F features. Floats are not copied, integers become
    float32.

    Raises:
        TypeError: no array of numbers. ValueError: another rank, empty, NaN or infinite.

    >>> check_series(np.zeros((2, 24, 6))).shape
    (2, 24, 6)
    >>> check_series(np.zeros((24, 6)))
    Traceback (most recent call last):
    ValueError: series: got shape (24, 6); it must be finite numbers (N, T, F) with at least one \
value.
    """
    return finite(series, name, "(N, T, F)", 3)


def check_vectors(vectors: ArrayLike, name: str = "vectors") -> NDArray:
    """Finite numbers (N, D). Floats are not copied, integers become float32. Errors as for
    `check_series`.

    >>> check_vectors([[1, 2], [3, 4]]).dtype
    dtype('float32')
    """
    return finite(vectors, name, "(N, D)", 2)


def check_tokens(
    tokens: ArrayLike, vocabulary: int | None = None, name: str = "tokens"
) -> NDArray[np.int32]:
    """Integers (N, L) in 0..vocabulary - 1, as int32.

    Args:
        vocabulary: how many tokens there are. None: any that int32 holds.

    Raises:
        TypeError: no array of numbers. ValueError: another rank, floats, empty, or out of range.

    >>> check_tokens([[2, 0, 1]], vocabulary=3)
    array([[2, 0, 1]], dtype=int32)
    >>> check_tokens([[2, 0, 3]], vocabulary=3)
    Traceback (most recent call last):
    ValueError: tokens: got integers from 0 to 3; it must be integers (N, L) in 0..2.
    """
    tokens = integers(tokens, name, "integers (N, L)", 2)
    low, high = extent(tokens)
    most = np.iinfo("int32").max if vocabulary is None else vocabulary - 1
    if low < 0 or high > most:
        got = f"integers from {low} to {high}"
        raise refused(name, got, f"be integers (N, L) in 0..{most}")
    return tokens.astype("int32", copy=False)


def check_audio(audio: ArrayLike, name: str = "audio") -> NDArray:
    """Samples (N, T): finite floats in -1..1, or int16. They are not copied.

    Other integers are refused, since nothing says what their full scale is.

    Raises:
        TypeError: no array of numbers. ValueError: another rank, empty, or other values.

    >>> check_audio(np.zeros((3, 8000), "int16")).dtype
    dtype('int16')
    >>> check_audio(np.full((3, 8000), 2.0))
    Traceback (most recent call last):
    ValueError: audio: got floats from 2.0 to 2.0; it must hold floats in -1..1, or int16.
    """
    audio = shaped(numbers(audio, name), name, "samples (N, T)", 2)
    if audio.dtype == np.int16:
        return audio
    if audio.dtype.kind != "f":
        raise refused(name, f"{audio.dtype} values", "hold floats in -1..1, or int16")
    low, high = extent(audio)
    if not (low >= -1 and high <= 1):  # NaN too
        raise refused(name, f"floats from {low} to {high}", "hold floats in -1..1, or int16")
    return audio
