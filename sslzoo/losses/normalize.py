"""What the losses share: the dtype they compute in and the L2 normalization of their formulas."""

from typing import Any

import keras
from keras import ops

from sslzoo.checks import refused


def at_least_float32(x: Any) -> Any:
    """`x` as a tensor of float32, or of float64 if it is one: a sum over a batch has no place in
    half precision.

    Example:
        >>> import keras
        >>> from sslzoo.losses.normalize import at_least_float32
        >>> half = keras.ops.ones((2, 2), "float16")
        >>> keras.backend.standardize_dtype(at_least_float32(half).dtype)
        'float32'
    """
    x = ops.convert_to_tensor(x)
    return x if keras.backend.standardize_dtype(x.dtype) == "float64" else ops.cast(x, "float32")


def l2_normalize(x: Any) -> Any:
    """`x` of shape (..., D) in at least float32, each row divided by its length.

    A row shorter than 1e-6 is divided by 1e-6 (epsilon 1e-12 on the squared length, as
    `tf.math.l2_normalize`). So a zero row stays zero and its gradient is finite.
    `keras.ops.normalize` gives NaN there on JAX.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> rows = losses.l2_normalize(np.array([[4.0, 0.0], [0.0, 0.0]], "float32"))
        >>> np.round(np.asarray(rows), 3).tolist()
        [[1.0, 0.0], [0.0, 0.0]]
    """
    x = at_least_float32(x)
    return x * ops.rsqrt(ops.maximum(ops.sum(ops.square(x), axis=-1, keepdims=True), 1e-12))


def check_pairs(names: str, a: Any, b: Any) -> None:
    """Refuse anything but two tensors of the same shape (N, D). An axis whose size is not known yet
    is not checked.

    Args:
        names: of both, as an error speaks of them: "p and z".
        a, b: tensors.

    Raises:
        ValueError: another rank, or two sizes.

    Example:
        >>> from keras import ops
        >>> from sslzoo.losses.normalize import check_pairs
        >>> check_pairs("p and z", ops.ones((4, 8)), ops.ones((3, 8)))
        Traceback (most recent call last):
        ValueError: p and z: got shapes (4, 8) and (3, 8); it must be of one shape (N, D).
    """
    fits = len(a.shape) == 2 and len(b.shape) == 2
    if fits:
        sizes = zip(a.shape, b.shape, strict=True)  # [(N, N), (D, D)]
        fits = all(m is None or n is None or m == n for m, n in sizes)
    if not fits:
        shapes = f"shapes {tuple(a.shape)} and {tuple(b.shape)}"
        raise refused(names, shapes, "be of one shape (N, D)")
