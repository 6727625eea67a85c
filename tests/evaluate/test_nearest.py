"""The nearest rows, as kNN, retrieval, adaptation and the pictures ask for them."""

import numpy as np
import pytest

from sslzoo.evaluate.nearest import nearest, without


# one query at a time, an uneven last chunk, all at once
@pytest.mark.parametrize("held", [1, 12, 10**6])
@pytest.mark.parametrize("k", [1, 3, 17])
def test_it_is_the_double_loop(held, k, monkeypatch):
    monkeypatch.setattr("sslzoo.evaluate.nearest.HELD", held)
    rng = np.random.default_rng(0)
    bank, queries = rng.normal(size=(17, 4)), rng.normal(size=(11, 4))
    distances, rows = (
        np.concatenate(part) for part in zip(*nearest(bank, queries, k), strict=True)
    )
    for query, found, apart in zip(queries, rows, distances, strict=True):
        expected = sorted(np.linalg.norm(bank - query, axis=1))[:k]
        assert np.allclose(apart, expected) and len(set(found)) == k
        assert np.allclose(np.linalg.norm(bank[found] - query, axis=1), expected)


def test_far_from_zero_near_items_are_told_apart():
    """In float32 |x|^2 + |y|^2 - 2 x y loses them."""
    bank = np.array([[4000.0, 0.3], [4000.0, 0.0]], "float32")
    [(_, rows)] = nearest(bank, np.array([[4000.0, 0.01]], "float32"), 1)
    assert rows.tolist() == [[1]]


def test_a_query_is_left_out_of_its_neighbors():
    rows = np.array([[4, 0, 7], [5, 6, 8]])
    assert rows[without(rows, np.array([0, 1]))].tolist() == [4, 7, 5, 6]
