"""Arrays -> the body of an answer, as TensorFlow Serving's REST API gives it."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray


def answered(outputs: Mapping[str, NDArray], rows: bool) -> bytes:
    """The answer, JSON: `predictions` of rows, `outputs` of columns.

    An output of bytes is {"b64": text}. TensorFlow Serving does so where its name ends in `_bytes`,
    which is so in our exports.

    Example:
        >>> import numpy as np
        >>> from sslzoo.serving.server.answers import answered
        >>> answered({"x": np.float32([[0.1, 2]])}, rows=True)
        b'{"predictions":[[0.1,2.0]]}'
    """
    values = {name: _jsonable(array) for name, array in outputs.items()}
    if len(values) == 1:
        content = next(iter(values.values()))
    elif rows:
        names = list(values)
        content = [dict(zip(names, row, strict=True)) for row in zip(*values.values(), strict=True)]
    else:
        content = values
    document = {"predictions" if rows else "outputs": content}
    if all(np.isfinite(array).all() for array in outputs.values() if array.dtype.kind == "f"):
        options = orjson.OPT_SERIALIZE_NUMPY
        return orjson.dumps(document, default=lambda value: value.tolist(), option=options)
    return json.dumps(document, default=lambda value: value.tolist()).encode()  # with NaN


def _jsonable(array: NDArray) -> Any:
    if array.dtype.kind == "O":
        return [{"b64": base64.b64encode(value).decode()} for value in array.reshape(-1)]
    return np.ascontiguousarray(array)
