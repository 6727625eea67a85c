import numpy as np
import pytest

from sslzoo.evaluate.embeddings import comparable, squared_distances
from sslzoo.evaluate.record import normal_interval


def test_at_length_one_the_nearest_is_the_most_similar():
    rng = np.random.default_rng(0)
    rows, others = (
        rng.normal(size=(9, 5)).astype("float32"),
        rng.normal(size=(7, 5)).astype("float32"),
    )
    cosine = [
        [u @ v / np.sqrt((u @ u) * (v @ v)) for v in others.astype("float64")]
        for u in rows.astype("float64")
    ]
    found = squared_distances(comparable(rows, "cosine"), comparable(others, "cosine"))
    np.testing.assert_allclose(found, 2 - 2 * np.array(cosine), atol=1e-5)
    raw = [[((u - v) ** 2).sum() for v in others] for u in rows]
    np.testing.assert_allclose(
        squared_distances(comparable(rows, "euclidean"), others), raw, rtol=1e-4, atol=1e-5
    )
    assert not comparable(np.zeros((2, 3)), "cosine").any()


def test_interval_is_the_textbook_one():
    values = np.random.default_rng(0).uniform(size=600)
    low, high = normal_interval(values)
    assert (low + high) / 2 == pytest.approx(values.mean())
    spread = np.sqrt(((values - values.mean()) ** 2).sum() / 599)
    assert (high - low) / 2 == pytest.approx(1.96 * spread / 600**0.5, rel=1e-4)
    assert normal_interval([0.5]) == [0.5, 0.5]


def test_unknown_similarity():
    with pytest.raises(ValueError, match="similarity: got 'cosin'.*did you mean cosine"):
        comparable(np.zeros((1, 1)), "cosin")
