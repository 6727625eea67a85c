import numpy as np
import pytest

from sslzoo import nn

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("columns", [1, 5])
def test_a_row_sees_itself_and_those_above(columns):
    network = nn.row_context(4, columns, 6, 8)
    x = RNG.normal(size=(1, 4, columns, 6)).astype("float32")
    before = np.asarray(network(x))
    for row in range(4):
        changed = x.copy()
        changed[:, row] += RNG.normal(size=(columns, 6))
        moved = np.abs(np.asarray(network(changed)) - before).max(axis=(0, 2, 3)) > 1e-6
        assert moved.tolist() == [False] * row + [True] * (4 - row)
