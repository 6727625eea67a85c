import itertools

import numpy as np
import pytest

from sslzoo import nn


def distances(orders):
    return [int((a != b).sum()) for a, b in itertools.combinations(orders, 2)]


def test_permutations_are_far_from_each_other():
    orders = nn.far_permutations(9, 64)
    assert orders.shape == (64, 9) and (np.sort(orders, axis=1) == np.arange(9)).all()
    assert len({tuple(order) for order in orders}) == 64
    drawn = np.array([np.random.default_rng(seed).permutation(9) for seed in range(64)])
    assert min(distances(orders)) >= 7 > min(distances(drawn))
    assert np.mean(distances(orders)) > np.mean(distances(drawn))


def test_nine_orders_that_share_no_place_are_found():
    """A Latin square: no set of nine is farther apart."""
    assert min(distances(nn.far_permutations(9, 9))) == 9


def test_the_seed_decides_the_first():
    one, again, other = (nn.far_permutations(4, 6, seed=seed) for seed in (1, 1, 2))
    assert (one == again).all() and not (one == other).all()


def test_orders_are_part_of_the_weights_and_move_things():
    layer, other = nn.Permutations(4, 5, seed=0), nn.Permutations(4, 5, seed=1)
    other.set_weights(layer.get_weights())
    things = np.random.default_rng(0).random((5, 4, 2)).astype("float32")
    moved = np.asarray(other(things, np.arange(5, dtype="int32")))
    for thing, order, found in zip(things, layer.orders, moved, strict=True):
        assert (found == thing[order]).all()


@pytest.mark.parametrize(
    ("length", "count", "message"),
    [
        (3, 7, "permutations: got 7; it must be at most 6, the orders of 3 patches"),
        (10, 4, "length: got 10"),
        (3, 1, "permutations: got 1"),
    ],
)
def test_more_orders_than_there_are_is_refused(length, count, message):
    with pytest.raises(ValueError, match=message):
        nn.far_permutations(length, count)
