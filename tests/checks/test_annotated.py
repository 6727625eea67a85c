"""Keyword arguments are held against the annotations of their function."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from sslzoo.checks import check_call


def function(
    whole: int = 1,
    number: float = 1.0,
    maybe: float | None = None,
    many: Sequence[int] = (1,),
    pair: tuple[int, ...] = (1,),
    flag: bool = True,
    word: str = "a",
    anything: Any = None,
    array: np.ndarray | None = None,
):
    pass


@pytest.mark.parametrize(
    "good",
    [
        {"whole": np.int64(3), "number": 3, "maybe": None, "many": [1, 2], "pair": [3]},
        {"flag": False, "word": "b", "anything": object(), "array": np.zeros(2)},
    ],
)
def test_what_fits(good):
    check_call(function, good, "option")


@pytest.mark.parametrize(
    ("name", "value", "needed"),
    [
        ("whole", 1.5, "an integer"),
        ("whole", True, "an integer"),
        ("number", float("nan"), "a finite number"),
        ("number", float("inf"), "a finite number"),
        ("number", "x", "a finite number"),
        ("maybe", [1], "a finite number or None"),
        ("many", 3, "a list, each an integer"),
        ("many", [1, "x"], "a list, each an integer"),
        ("pair", None, "a list, each an integer"),
        ("flag", 1, "True or False"),
        ("word", 3, "a word"),
        ("array", "x", "a ndarray or None"),
    ],
)
def test_what_does_not_fit(name, value, needed):
    with pytest.raises(ValueError, match=f"^{name}: got .*; it must be {needed}.$"):
        check_call(function, {name: value}, "option")


def test_a_name_that_is_not_known_or_not_for_the_caller():
    for name in ("hole", "whole"):
        with pytest.raises(ValueError, match=f"option: got '{name}'; it must be one of"):
            check_call(function, {name: 3}, "option", leave=("whole",))
