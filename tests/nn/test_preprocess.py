import numpy as np
import pytest
from keras import ops

from sslzoo import nn


def run(images, size=8, channels=3):
    return ops.convert_to_numpy(nn.Preprocess(size, channels)(ops.convert_to_tensor(images)))


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_integers_are_divided_by_255_and_floats_are_not(dtype):
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype(dtype)
    np.testing.assert_allclose(run(images), images / 255, rtol=1e-6)
    np.testing.assert_allclose(run((images / 255).astype("float32")), images / 255, rtol=1e-6)


@pytest.mark.parametrize("shape", [(2, 8, 8), (2, 8, 8, 1)])
def test_grey_is_repeated_for_a_colour_network_only(shape):
    images = np.random.default_rng(0).integers(0, 256, shape, "uint8")
    colour = run(images)
    assert colour.shape == (2, 8, 8, 3)
    assert (colour == colour[..., :1]).all()
    assert run(images, channels=1).shape == (2, 8, 8, 1)


def test_other_sizes_lose_their_margins_not_their_proportions():
    images = np.zeros((1, 8, 16, 1), "uint8")
    images[:, :, 4:12] = 255  # the centred square
    np.testing.assert_allclose(run(images), 1, atol=1e-6)
    assert run(np.zeros((1, 31, 7, 3), "uint8")).shape == (1, 8, 8, 3)


def test_shrinking_averages():
    board = (np.indices((32, 32)).sum(0) % 2 * 255).astype("uint8")[None]
    np.testing.assert_allclose(run(board)[0, 2:6, 2:6], 0.5, atol=0.02)
