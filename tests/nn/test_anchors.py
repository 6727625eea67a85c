import numpy as np
import pytest
from keras import ops

from sslzoo.nn.anchors import Anchors


def test_output_is_the_radial_basis_of_the_distance_to_each_anchor():
    layer = Anchors(size=4, features=3, gamma=0.6)
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    rows = ops.convert_to_numpy(layer.rows)
    expected = [[np.exp(-0.6 * np.sum((a - b) ** 2)) for b in rows] for a in x]
    np.testing.assert_allclose(ops.convert_to_numpy(layer(x)), expected, rtol=1e-5, atol=1e-7)


def test_anchors_fill_the_room_from_the_front():
    layer = Anchors(size=4, features=1, gamma=1.0)
    layer.check(np.ones((4, 1)))
    assert layer.padded(np.ones((2, 1))).tolist() == [[1], [1], [0], [0]]
    with pytest.raises(ValueError, match="size: got 4; it must be at least 5, the rows of both"):
        layer.check(np.ones((5, 1)))


def test_it_learns_nothing_and_is_rebuilt_from_its_config():
    layer = Anchors(size=4, features=2, gamma=1.0, seed=3)
    assert layer.trainable_variables == []
    again = Anchors(**layer.get_config())
    np.testing.assert_array_equal(layer.rows, again.rows)
