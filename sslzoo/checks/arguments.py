"""Checks of single arguments: numbers and names."""

import math
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from typing import Any

from sslzoo.errors import nearest

LONGEST = 60  # characters of a value that an error repeats


def refused(name: str, got: Any, must: str) -> ValueError:
    """The error for an argument or a field that cannot be used; the caller raises it.

    Args:
        name: the field. got: its value, or a string that describes it.
        must: what is needed, from the verb on: "be a number above 0".

    >>> refused("labels", "3 for 2 images", "be one per image")
    ValueError('labels: got 3 for 2 images; it must be one per image.')
    """
    got = got if isinstance(got, str) else shown(got)
    return ValueError(f"{name}: got {got}; it must {must}.")


def shown(value: Any) -> str:
    """`value` as an error shows it: a plain number for NumPy's scalars, cut when it is long.

    >>> shown("resnet"), shown(0.5)
    ("'resnet'", '0.5')
    """
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    text = repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def whole(name: str, value: Any, least: int | None = None, most: int | None = None) -> int:
    """`value` as an int; True, 2.0 and "2" are none.

    Args:
        name: the field. least, most: the smallest and the largest number allowed.

    Raises:
        ValueError: no integer, or out of range.

    >>> whole("batch_size", 64, least=1)
    64
    >>> whole("batch_size", 0, least=1)
    Traceback (most recent call last):
    ValueError: batch_size: got 0; it must be an integer of at least 1.
    """
    is_whole = isinstance(value, Integral) and not isinstance(value, bool)
    if is_whole and (least is None or value >= least) and (most is None or value <= most):
        return int(value)
    limits = [f"at least {least}"] if least is not None else []
    limits += [f"at most {most}"] if most is not None else []
    needed = f"an integer of {' and '.join(limits)}" if limits else "an integer"
    raise refused(name, shown(value), f"be {needed}")


def sizes(name: str, values: Sequence[int]) -> tuple[int, ...]:
    """`values`, at least one, each an integer of at least 1. Raises ValueError.

    >>> sizes("projection", [64, 128])
    (64, 128)
    >>> sizes("projection", [])
    Traceback (most recent call last):
    ValueError: projection: got []; it must hold at least one size.
    """
    if not len(values):
        raise refused(name, values, "hold at least one size")
    return tuple(whole(name, value, 1) for value in values)


def in_range(
    name: str,
    value: Any,
    low: float,
    high: float,
    *,
    low_open: bool = False,
    high_open: bool = False,
) -> Any:
    """`value`, a number from `low` to `high`, both allowed unless they are open.

    Raises:
        ValueError: no number, NaN, or out of range.

    >>> in_range("momentum", 0.9, 0, 1)
    0.9
    >>> in_range("fraction", 0, 0, 1, low_open=True)
    Traceback (most recent call last):
    ValueError: fraction: got 0; it must be a number above 0 and at most 1.
    """
    if _is_number(value):
        above_low = value > low if low_open else value >= low
        below_high = value < high if high_open else value <= high
        if above_low and below_high:
            return value
    from_low = f"above {low}" if low_open else f"of at least {low}"
    to_high = f"below {high}" if high_open else f"at most {high}"
    raise refused(name, shown(value), f"be a number {from_low} and {to_high}")


def above(name: str, value: Any, low: float) -> Any:
    """`value`, a finite number larger than `low`. Raises ValueError.

    >>> above("temperature", 0.5, 0)
    0.5
    >>> above("temperature", 0.0, 0)
    Traceback (most recent call last):
    ValueError: temperature: got 0.0; it must be a finite number above 0.
    """
    if _is_number(value) and math.isfinite(value) and value > low:
        return value
    raise refused(name, shown(value), f"be a finite number above {low}")


def at_least(name: str, value: Any, low: float) -> Any:
    """`value`, a finite number of `low` or more. Raises ValueError.

    >>> at_least("weight_decay", 0, 0)
    0
    >>> at_least("weight_decay", -1.0, 0)
    Traceback (most recent call last):
    ValueError: weight_decay: got -1.0; it must be a finite number of at least 0.
    """
    if _is_number(value) and math.isfinite(value) and value >= low:
        return value
    raise refused(name, shown(value), f"be a finite number of at least {low}")


def one_of(name: str, value: Any, allowed: Iterable) -> Any:
    """`value`, one of `allowed`. The error suggests the nearest name. Raises ValueError.

    >>> one_of("stem", "cifar", ["cifar", "imagenet"])
    'cifar'
    >>> one_of("stem", "cfar", ["cifar", "imagenet"])
    Traceback (most recent call last):
    ValueError: stem: got 'cfar'; it must be one of 'cifar', 'imagenet' (did you mean cifar?).
    """
    allowed = list(allowed)
    if any(type(value) is type(choice) and value == choice for choice in allowed):
        return value
    near = nearest(value, map(str, allowed), most=1) if isinstance(value, str) else []
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise refused(name, shown(value), f"be one of {', '.join(map(repr, allowed))}{hint}")


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool)
