"""Arguments checked by the annotations of the function that takes them."""

import inspect
import math
import types
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, get_args, get_origin

import numpy as np

from sslzoo.checks.arguments import one_of, refused, shown

WORDS = {
    int: "an integer",
    float: "a finite number",
    bool: "True or False",
    str: "a word",
    type(None): "None",
}


def check_call(
    function: Callable, arguments: Mapping[str, Any], what: str, leave: Sequence[str] = ()
) -> dict[str, inspect.Parameter]:
    """Refuse keyword arguments that a function does not have, or that its annotations refuse.

    Annotations that are not made of `WORDS`, sequences of them and classes allow everything.

    Args:
        what: how errors speak of an argument with a wrong name.
        leave: parameters that are not for the caller.

    Returns:
        {name: parameter} of those that are.

    Raises:
        ValueError: naming the argument, its value, and what is allowed.

    >>> def crop(size: int, share: float | None = None): ...
    >>> sorted(check_call(crop, {"size": 8}, "option of crop"))
    ['share', 'size']
    >>> check_call(crop, {"share": "x"}, "option of crop")
    Traceback (most recent call last):
    ValueError: share: got 'x'; it must be a finite number or None.
    """
    parameters = {k: p for k, p in inspect.signature(function).parameters.items() if k not in leave}
    for name, value in arguments.items():
        one_of(what, name, parameters)
        annotation = parameters[name].annotation
        if not _fits(value, annotation):
            raise refused(name, shown(value), f"be {_words(annotation)}")
    return parameters


def _fits(value: Any, kind: Any) -> bool:
    if isinstance(kind, types.UnionType):
        return any(_fits(value, member) for member in get_args(kind))
    if get_origin(kind) in (Sequence, tuple):
        values = value if isinstance(value, (list, tuple, np.ndarray)) else [None]
        return all(_fits(each, get_args(kind)[0]) for each in values)
    if kind is int:
        return isinstance(value, Integral) and not isinstance(value, bool)
    if kind is float:
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        return is_number and math.isfinite(value)
    if kind in WORDS or kind is None:
        return isinstance(value, type(None) if kind is None else kind)
    anything = kind in (Any, inspect.Parameter.empty) or not inspect.isclass(kind)
    return anything or isinstance(value, kind)


def _words(kind: Any) -> str:
    if isinstance(kind, types.UnionType):
        return " or ".join(map(_words, get_args(kind)))
    if get_origin(kind) in (Sequence, tuple):
        return f"a list, each {_words(get_args(kind)[0])}"
    return WORDS.get(kind, f"a {getattr(kind, '__name__', kind)}")
