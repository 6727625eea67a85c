"""Rows of a variable, on TensorFlow: memories of all items, which may be large."""

from typing import Any

import keras
import tensorflow as tf


def take_rows(variable: keras.Variable, index: Any) -> Any:
    """The rows `index` (...,) of a variable (K, ...), (..., ...). The others are not copied.

    Example:
        >>> import keras
        >>> from sslzoo import backends
        >>> memory = keras.Variable([1.0, 2.0, 3.0])
        >>> keras.ops.convert_to_numpy(backends.take_rows(memory, [2, 0])).tolist()
        [3.0, 1.0]
    """
    return tf.gather(variable.value, index)  # of the variable itself, which is not read whole


def put_rows(variable: keras.Variable, index: Any, rows: Any) -> None:
    """Rows (N, ...) of a variable (K, ...), in the places `index` (N,). The others are not copied:
    a memory may have a million of them.

    Example:
        >>> import keras
        >>> from sslzoo import backends
        >>> memory = keras.Variable([1.0, 2.0, 3.0])
        >>> backends.put_rows(memory, [2], [7.0])
        >>> keras.ops.convert_to_numpy(memory).tolist()
        [1.0, 2.0, 7.0]
    """
    rows = tf.convert_to_tensor(rows, variable.dtype)
    variable.value.scatter_update(tf.IndexedSlices(rows, tf.convert_to_tensor(index)))
