import numpy as np
import pytest

from sslzoo import nn


def rows(low, high):
    return np.arange(low, high, dtype="float32")[:, None] * np.ones((1, 3), "float32")


def test_it_begins_with_different_rows_of_length_one():
    queue = np.asarray(nn.Queue(16, 3, seed=1).rows)
    np.testing.assert_allclose(np.linalg.norm(queue, axis=1), 1, rtol=1e-5)
    assert len(np.unique(queue[:, 0])) == 16
    assert np.abs(queue - np.asarray(nn.Queue(16, 3, seed=2).rows)).max() > 0.1


@pytest.mark.parametrize("sizes", [(4, 4, 4), (3, 5, 1, 6), (10, 2, 9)])
def test_the_oldest_rows_leave_first(sizes):
    queue, start = nn.Queue(10, 3), 0
    for size in sizes:
        queue.push(rows(start, start + size))
        start += size
    found = sorted(np.asarray(queue.rows)[:, 0].tolist())
    assert found == list(range(start - 10, start))
    assert int(np.asarray(queue.pointer)) == start % 10


def test_of_more_rows_than_it_holds_the_last_ones_stay():
    queue = nn.Queue(4, 3)
    queue.push(rows(0, 7))
    assert sorted(np.asarray(queue.rows)[:, 0].tolist()) == [3, 4, 5, 6]
