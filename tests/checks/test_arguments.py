import numpy as np
import pytest

from sslzoo import checks


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_a_whole_number_comes_back_as_an_int(value):
    assert type(checks.whole("count", value, least=1, most=3)) is int


@pytest.mark.parametrize(
    ("value", "limits", "sentence"),
    [
        (0, {"least": 1}, "count: got 0; it must be an integer of at least 1."),
        (5, {"most": 4}, "count: got 5; it must be an integer of at most 4."),
        (
            9,
            {"least": 1, "most": 4},
            "count: got 9; it must be an integer of at least 1 and at most 4.",
        ),
        (2.0, {}, "count: got 2.0; it must be an integer."),
        ("2", {}, "count: got '2'; it must be an integer."),
        (True, {"least": 1}, "count: got True; it must be an integer of at least 1."),
        (None, {"least": 1}, "count: got None; it must be an integer of at least 1."),
        (np.float32(2.5), {}, "count: got 2.5; it must be an integer."),
    ],
)
def test_other_numbers_are_named(value, limits, sentence):
    with pytest.raises(ValueError) as error:
        checks.whole("count", value, **limits)
    assert str(error.value) == sentence


@pytest.mark.parametrize("value", [0, 1, 0.5, np.float32(0.5)])
def test_the_ends_of_a_range_belong_to_it_unless_they_are_open(value):
    assert checks.in_range("share", value, 0, 1) is value
    is_end = value in (0, 1)
    for ends in ({"low_open": True}, {"high_open": True}):
        if is_end and value == ("high_open" in ends):
            with pytest.raises(ValueError, match="^share: got "):
                checks.in_range("share", value, 0, 1, **ends)
        else:
            assert checks.in_range("share", value, 0, 1, **ends) is value


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf"), "0.5", None, True, [0.5]])
def test_what_is_not_in_a_range_is_refused(value):
    with pytest.raises(ValueError) as error:
        checks.in_range("share", value, 0, 1, high_open=True)
    assert (
        str(error.value) == f"share: got {value!r}; it must be a number of at least 0 and below 1."
    )


def test_above_and_at_least_differ_at_their_limit_alone():
    assert checks.at_least("weight", 0.0, 0) == 0 and checks.above("weight", 1e-9, 0) == 1e-9
    with pytest.raises(ValueError, match="weight: got 0.0; it must be a finite number above 0"):
        checks.above("weight", 0.0, 0)
    for check in (checks.above, checks.at_least):
        for value in (-1, float("nan"), float("inf"), "1", True):
            with pytest.raises(ValueError, match="^weight: got "):
                check("weight", value, 0)


def test_one_of_knows_names_numbers_and_none():
    allowed = ["cosine", 4, None]
    assert [checks.one_of("x", value, allowed) for value in allowed] == allowed
    for value, shown in ((True, "True"), (4.0, "4.0"), ("none", "'none'")):
        with pytest.raises(ValueError) as error:
            checks.one_of("x", value, ["cosine", 4, 1, None])
        assert str(error.value).startswith(
            f"x: got {shown}; it must be one of 'cosine', 4, 1, None"
        )


def test_a_long_value_is_cut():
    with pytest.raises(ValueError) as error:
        checks.whole("x", "a" * 1000)
    assert len(str(error.value)) < 120
