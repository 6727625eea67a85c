"""A short part of `python -m benchmarks.fuzz`: broken input is refused in one sentence, or it
changes nothing.
"""

import importlib

import pytest

fuzz = pytest.importorskip("benchmarks.fuzz", reason="the wheel has no benchmarks")


SUBJECTS = [
    pytest.param(name, marks=pytest.mark.tensorflow if name in ("requests", "serving") else ())
    for name in fuzz.subjects()
]


@pytest.mark.parametrize("name", SUBJECTS)
def test_broken_input_is_one_sentence_and_never_silent(name):
    results = fuzz.outcomes(name, fuzz.SHORT)
    bad = [result for result in results if result.result in (fuzz.RAW, fuzz.SILENT)]
    assert results and not bad, bad
    assert any(result.result == fuzz.REFUSED for result in results)


@pytest.mark.parametrize(
    ("read", "result"),
    [
        (lambda: True, fuzz.HARMLESS),
        (lambda: False, fuzz.SILENT),
        (lambda: None, fuzz.UNSEEN),
        (lambda: {}["step"], fuzz.RAW),
        (lambda: int("x"), fuzz.RAW),  # a sentence of Python's and not of the project
        (lambda: importlib.import_module("sslzoo.checks").whole("k", 0, 1), fuzz.REFUSED),
    ],
)
def test_what_became_of_a_case_is_recognized(read, result):
    assert fuzz.outcome(fuzz.Case("damage", read)).result == result


def test_cases_are_the_same_every_time():
    damage = importlib.import_module("benchmarks.fuzz._bytes").DAMAGE
    make = importlib.import_module("numpy").random.default_rng
    for change in damage:
        content = bytes(range(256)) * 8
        assert change(content, make(3)) == change(content, make(3)) != content
