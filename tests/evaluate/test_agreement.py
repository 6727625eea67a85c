"""How close two computations of one model are, by arithmetic."""

import numpy as np
import pytest

from sslzoo.evaluate.agreement import agreement

REFERENCE = np.array([[3.0, 4.0], [0.0, 2.0]], "float32")


def test_equal_features_agree_fully():
    assert agreement(REFERENCE, REFERENCE) == {
        "max_relative_difference": 0.0,
        "mean_cosine": 1.0,
        "images": 2,
    }


def test_the_difference_is_relative_to_the_row_and_the_largest_counts():
    measured = agreement(REFERENCE + [[0.0, 0.5], [0.0, 0.0]], REFERENCE)
    assert measured["max_relative_difference"] == pytest.approx(0.1)
    assert measured["mean_cosine"] == pytest.approx((1 + (9 + 18) / (5 * np.hypot(3, 4.5))) / 2)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="got NaN or infinity; needed finite"):
        agreement(REFERENCE * np.nan, REFERENCE)
    with pytest.raises(ValueError, match=r"got \(1, 2\) and \(2, 2\); needed two equal"):
        agreement(REFERENCE[:1], REFERENCE)


def test_the_zoo_gives_it_too():
    from sslzoo import zoo

    assert zoo.agreement is agreement
