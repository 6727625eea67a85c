"""A short part of `python -m benchmarks.fuzz yaml`."""

import pytest

fuzz = pytest.importorskip("benchmarks.fuzz", reason="the wheel has no benchmarks")


def test_damaged_configs_are_refused_in_a_sentence_or_mean_what_they_say():
    results = fuzz.outcomes("yaml", count=72)
    bad = [result for result in results if result.result in (fuzz.RAW, fuzz.SILENT)]
    assert not bad
    assert {result.result for result in results} == {fuzz.REFUSED, fuzz.HARMLESS}
