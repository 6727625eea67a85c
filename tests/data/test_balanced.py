import numpy as np
import pytest

from sslzoo.data.balanced import balanced_rows


@pytest.mark.parametrize("sizes", [(1, 1), (50, 3, 7), (10, 10, 10, 10), (1, 99)])
def test_each_class_has_its_share(sizes):
    labels = np.random.default_rng(1).permutation(np.repeat(np.arange(len(sizes)) * 3, sizes))
    rows = balanced_rows(labels, np.random.default_rng(0))
    assert len(rows) == len(labels)
    counts = np.array([(labels[rows] == number).sum() for number in np.unique(labels)])
    # Cut to the number of labels: up to one share is missing in all.
    share = len(labels) // len(sizes) + 1
    assert counts.max() <= share and (share - counts).sum() < len(sizes) + 1


def test_rows_of_a_large_class_are_drawn_once_and_in_random_order():
    labels = np.repeat([0, 1], [80, 20])
    rows = balanced_rows(labels, np.random.default_rng(0))
    large = rows[labels[rows] == 0]
    assert len(set(large.tolist())) == len(large)
    small = rows[labels[rows] == 1]
    assert len(set(small.tolist())) < len(small)
    assert (labels[rows][:50] == 0).any() and (labels[rows][:50] == 1).any()
