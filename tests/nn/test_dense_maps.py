"""The map that a network pools, for images of other sizes."""

import keras
import numpy as np
import pytest

from sslzoo import nn

RNG = np.random.default_rng(0)


def images(height, width, channels=3):
    return RNG.random((2, height, width, channels)).astype("float32")


@pytest.mark.parametrize("name", ["micro", "resnet20", "convnet"])
def test_the_mean_of_the_map_are_the_features(name):
    network = nn.backbone(name, 16, seed=1)
    x = images(16, 16)
    found = np.asarray(nn.dense_map(network, (16, 16))(x))
    np.testing.assert_allclose(found.mean(axis=(1, 2)), network(x), atol=1e-5)


def test_a_map_of_a_larger_image_is_that_of_its_parts():
    """Convolutions see the same away from the border."""
    network = nn.backbone("micro", 16)
    x = images(16, 40)
    whole = np.asarray(nn.dense_map(network, (16, 40))(x))
    part = np.asarray(nn.dense_map(network, (16, 16))(x[:, :, 8:24]))
    assert whole.shape == (2, 8, 20, 16)
    np.testing.assert_allclose(whole[:, :, 7:9], part[:, :, 3:5], atol=1e-5)


@pytest.mark.parametrize(
    ("pool", "layer"), [("class", "norm"), ("mean", "norm"), ("mean_norm", "block2")]
)
def test_the_map_of_a_transformer_are_its_patch_tokens(pool, layer):
    network = nn.backbone("vit_micro", [16, 24], pool=pool, registers=2)
    x = images(16, 24)
    found = np.asarray(nn.dense_map(network, (16, 24))(x))
    tokens = keras.Model(network.input, network.get_layer(layer).output)(x)
    np.testing.assert_allclose(found.reshape(2, 24, 16), np.asarray(tokens)[:, 3:], atol=1e-5)


def test_a_transformer_reads_other_sizes_with_interpolated_positions():
    """As the same network that was made for this size."""
    network = nn.backbone("vit_micro", 16, seed=1)
    wide = nn.backbone("vit_micro", [8, 24], positions_size=16, seed=1)
    wide.set_weights(network.get_weights())
    x = images(8, 24)
    found = np.asarray(nn.dense_map(network, (8, 24))(x))
    assert found.shape == (2, 2, 6, 16)
    np.testing.assert_allclose(found, nn.dense_map(wide, (8, 24))(x), atol=1e-6)


def test_the_weights_are_shared():
    network = nn.backbone("vit_micro", 16)
    x = images(8, 12)
    dense = nn.dense_map(network, (8, 12))
    before = np.asarray(dense(x))
    network.get_layer("tokens").positions.assign(RNG.normal(size=(1, 17, 16)))
    assert np.abs(np.asarray(dense(x)) - before).max() > 1e-3


def test_a_network_behind_a_normalization_has_its_map():
    network = nn.backbone("vit_micro", 16)
    behind = nn.normalized(network, [0.5] * 3, [0.2] * 3)
    x = images(8, 8)
    expected = nn.dense_map(network, (8, 8))((x - 0.5) / 0.2)
    np.testing.assert_allclose(nn.dense_map(behind, (8, 8))(x), expected, atol=1e-4)
    assert nn.patch_of(behind) == 4


def test_a_network_without_a_map_is_refused():
    with pytest.raises(ValueError, match="backbone: got .*; it must (pool a map|work at other)"):
        nn.dense_map(nn.backbone("mlp", 8), (8, 8))
    with pytest.raises(ValueError, match="does not work at 16x24 px; it must work at other sizes"):
        nn.dense_map(nn.backbone("lenet", 28), (16, 24))
