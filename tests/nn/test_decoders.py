import numpy as np
import pytest
from keras import ops

from sslzoo import nn


def test_logits_are_the_dense_layers_one_by_one():
    decoder = nn.mlp_decoder(3, (4, 2, 1), widths=(5,), activation="tanh", seed=1)
    z = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    hidden_kernel, hidden_bias, kernel, bias = decoder.get_weights()
    expected = np.tanh(z @ hidden_kernel + hidden_bias) @ kernel + bias
    found = ops.convert_to_numpy(decoder(z))
    assert found.shape == (6, 4, 2, 1)
    np.testing.assert_allclose(found.reshape(6, 8), expected, rtol=1e-5, atol=1e-6)


def test_without_hidden_layers_it_is_linear():
    decoder = nn.mlp_decoder(3, (4, 4, 1), widths=())
    a, b = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    zero = ops.convert_to_numpy(decoder(np.zeros_like(a)))
    parts = [ops.convert_to_numpy(decoder(z)) - zero for z in (a, b)]
    both = ops.convert_to_numpy(decoder(a + b)) - zero
    np.testing.assert_allclose(both, parts[0] + parts[1], atol=1e-5)


def test_same_seed_builds_the_same_network():
    first, same, other = (nn.mlp_decoder(2, (4, 4, 1), (8,), seed=s) for s in (0, 0, 1))
    for a, b, c in zip(*(m.get_weights() for m in (first, same, other)), strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.ndim == 1 or (a != c).any()  # biases start at 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, (8, 8, 1)), "latent_dim: got 0; it must be an integer of at least 1"),
        ((2, (8, None, 1)), "image_shape: got None"),
        ((2, (8, 8, 1), (16, 0)), "widths: got 0"),
    ],
)
def test_refuses_impossible_sizes(arguments, message):
    with pytest.raises(ValueError, match=message):
        nn.mlp_decoder(*arguments)


def test_a_map_is_enlarged_by_powers_of_two_and_may_mix_its_places_first():
    decoder = nn.map_decoder((2, 3, 4), (8, 12, 5), across=True)
    maps = np.random.default_rng(0).normal(size=(3, 2, 3, 4)).astype("float32")
    assert tuple(decoder(maps).shape) == (3, 8, 12, 5)
    layer = decoder.get_layer("decoder_across")
    kernel, bias = layer.get_weights()
    expected = np.empty((3, 6, 4))
    for channel in range(4):
        rows = maps.reshape(3, 6, 4)[..., channel]
        expected[..., channel] = rows @ kernel[channel] + bias[channel]
    np.testing.assert_allclose(layer(maps), expected.reshape(3, 2, 3, 4), rtol=1e-4, atol=1e-5)
