"""The body of a request, as TensorFlow Serving's REST API takes it -> arrays: rows (`instances`) or
columns (`inputs`).
"""

import json
from collections.abc import Mapping
from typing import Any

import orjson
from numpy.typing import NDArray

from sslzoo.serving.server.status import Refused, invalid
from sslzoo.serving.server.values import LONGEST, Input, is_file, short, to_array

ROWS, COLUMNS = "instances", "inputs"


def parsed(body: bytes) -> dict:
    """The JSON object of a request.

    Raises:
        Refused: no JSON, or no object.

    Example:
        >>> from sslzoo.serving.server.requests import parsed
        >>> parsed(b'{"instances": [1]}')
        {'instances': [1]}
    """
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = _with_nan(body)
    if not isinstance(document, dict):
        raise invalid(f"JSON Value: {short(document)} Is not object")
    return document


def _with_nan(body: bytes) -> Any:
    """NaN and Infinity are no JSON, but TensorFlow Serving reads them."""
    try:
        return json.loads(body)
    except RecursionError:
        raise invalid("JSON Parse error: The document is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise invalid(f"JSON Parse error: {error.msg} at offset: {error.pos}") from None
    except ValueError as error:  # not UTF-8, or a number of thousands of digits
        raise invalid(f"JSON Parse error: {str(error)[:LONGEST]}") from None


def signature_name(request: Mapping) -> str:
    """The signature that a request asks for.

    Raises:
        Refused: no text.

    Example:
        >>> from sslzoo.serving.server.requests import signature_name
        >>> signature_name({"instances": [1]})
        'serving_default'
    """
    name = request.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid("'signature_name' key must be a string value.")
    return name or "serving_default"


def arrays(request: Mapping, inputs: Mapping[str, Input]) -> tuple[dict[str, NDArray], bool]:
    """The tensors of a request, and whether it has the form of rows.

    Raises:
        Refused: no values, other inputs, types or shapes than those of the signature.

    Example:
        >>> import numpy as np
        >>> from sslzoo.serving.server.requests import arrays
        >>> from sslzoo.serving.server.values import Input
        >>> arrays({"instances": [[1, 2]]}, {"x": Input(np.dtype("int32"), (None, 2))})
        ({'x': array([[1, 2]], dtype=int32)}, True)
    """
    if ROWS in request and COLUMNS in request:
        raise invalid(f"expecting only one of '{COLUMNS}' or '{ROWS}' keys to exist")
    if ROWS in request:
        values = _of_rows(request[ROWS], inputs)
        return {name: _of_all(values[name], name, inputs[name]) for name in inputs}, True
    if COLUMNS not in request:
        raise invalid(f"Missing '{COLUMNS}' or '{ROWS}' key")
    values = _of_columns(request[COLUMNS], inputs)
    return {
        name: _fitting(to_array(values[name], inputs[name]), name, inputs[name]) for name in inputs
    }, False


def _of_rows(rows: Any, inputs: Mapping[str, Input]) -> dict[str, list]:
    """{input: its values} of the rows."""
    if not isinstance(rows, list):
        raise invalid(f"JSON Value: {short(rows)} Expecting '{ROWS}' to be a list/array")
    if not rows:
        raise invalid(f"No values in '{ROWS}' array")
    named = _is_object(rows[0])
    if not named and len(inputs) > 1:
        raise invalid(
            f"{ROWS} is a plain list, but expecting list of objects as multiple input tensors "
            "required as per tensorinfo_map"
        )
    for number, row in enumerate(rows):
        _check_row(number, row, named, inputs)
    if named:
        return {name: [row[name] for row in rows] for name in inputs}
    return {next(iter(inputs)): rows}


def _check_row(number: int, row: Any, named: bool, inputs: Mapping[str, Input]) -> None:
    if _is_object(row) != named:
        words = "object but got list" if named else "value/list but got object"
        raise invalid(f"Expecting {words} at item {number} of input list")
    if named and row.keys() != inputs.keys():
        raise invalid(
            f"Failed to process element: {number} of '{ROWS}' list. JSON object: {short(row)} keys "
            f"must be equal to: {','.join(sorted(inputs))}"
        )


def _of_columns(values: Any, inputs: Mapping[str, Input]) -> dict[str, Any]:
    if _is_object(values):
        for name in inputs:
            if name not in values:
                raise invalid(f"Missing named input: {name} in '{COLUMNS}' object.")
        return values
    if len(inputs) > 1:
        raise invalid(
            f"{COLUMNS} is a plain value/list, but expecting an object as multiple input tensors "
            "required as per tensorinfo_map"
        )
    return {next(iter(inputs)): values}


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not is_file(value)


def _of_all(values: list, name: str, needed: Input) -> NDArray:
    """The array of all rows; an error names the first bad one."""
    try:
        array = to_array(values, needed)
    except Refused as error:
        number = _first_bad(values, needed)
        raise invalid(
            f"Failed to process element: {number} key: {name} of '{ROWS}' list. Error: {error}"
        ) from None
    return _fitting(array, name, needed)


def _first_bad(values: list, needed: Input) -> int:
    """The number of the first row that cannot be read, or differs in shape from the first."""
    first = None
    for number, value in enumerate(values):
        try:
            shape = to_array(value, needed).shape
        except Refused:
            return number
        if first not in (None, shape):
            return number
        first = shape
    return 0


def _fitting(array: NDArray, name: str, needed: Input) -> NDArray:
    if not needed.takes(array.shape):
        shape = [-1 if size is None else size for size in needed.shape]
        raise invalid(f"{name}: got shape {list(array.shape)}; it must be {shape}.")
    return array
