"""Rows of a variable, on JAX: memories of all items, which may be large."""

from typing import Any

import keras


def take_rows(variable: keras.Variable, index: Any) -> Any:
    """The rows `index` (...,) of a variable (K, ...), (..., ...). The others are not copied.

    Example:
        >>> import keras
        >>> from sslzoo import backends
        >>> memory = keras.Variable([1.0, 2.0, 3.0])
        >>> keras.ops.convert_to_numpy(backends.take_rows(memory, [2, 0])).tolist()
        [3.0, 1.0]
    """
    return keras.ops.take(variable, keras.ops.convert_to_tensor(index), axis=0)


def put_rows(variable: keras.Variable, index: Any, rows: Any) -> None:
    """Rows (N, ...) of a variable (K, ...), in the places `index` (N,). XLA writes them in place
    within a step, which owns its variables.

    Example:
        >>> import keras
        >>> from sslzoo import backends
        >>> memory = keras.Variable([1.0, 2.0, 3.0])
        >>> backends.put_rows(memory, [2], [7.0])
        >>> keras.ops.convert_to_numpy(memory).tolist()
        [1.0, 2.0, 7.0]
    """
    index = keras.ops.convert_to_tensor(index)
    variable.assign(keras.ops.scatter_update(variable, index[:, None], rows))
