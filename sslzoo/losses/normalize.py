"""What the losses share: the dtype they compute in and the L2 normalisation of their formulas."""

import keras
from keras import ops


def at_least_float32(x):
    """`x` as a tensor of float32, or of float64 if it is one: a sum over a batch has no place in
    half precision.
    """
    x = ops.convert_to_tensor(x)
    return x if keras.backend.standardize_dtype(x.dtype) == "float64" else ops.cast(x, "float32")


def l2_normalize(x):
    """`x` of shape (..., D) in at least float32, each row divided by its length.

    A row shorter than 1e-6 is divided by 1e-6 (epsilon 1e-12 on the squared length, as
    `tf.math.l2_normalize`): a zero row stays zero and its gradient is finite (`keras.ops.normalize`
    gives NaN on JAX).
    """
    x = at_least_float32(x)
    return x * ops.rsqrt(ops.maximum(ops.sum(ops.square(x), axis=-1, keepdims=True), 1e-12))


def check_pairs(loss, names, a, b):
    """Refuses anything but two tensors of the same shape (N, D). An axis whose size is not known
    yet is not checked.
    """
    if len(a.shape) != 2 or len(b.shape) != 2:
        raise ValueError(
            f"{loss} needs {names} of shape (N, D), got {tuple(a.shape)} and {tuple(b.shape)}."
        )
    if any(
        m is not None and n is not None and m != n for m, n in zip(a.shape, b.shape, strict=True)
    ):
        raise ValueError(
            f"{loss} needs {names} of the same shape, got {tuple(a.shape)} and {tuple(b.shape)}."
        )
