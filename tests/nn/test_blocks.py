"""The blocks of networks, and their outputs."""

import keras
import numpy as np
import pytest
from keras import ops

from sslzoo import nn

STAGES = [f"stage{stage}_block{block}" for stage in (1, 2, 3) for block in (1, 2, 3)]
# {backbone: (size, options, names)}
KNOWN = {
    "resnet20": (16, {"width": 4}, ["stem_relu", *STAGES[:-1], "features"]),
    "resnet18": (
        64,
        {"width": 4, "stem": "imagenet"},
        ["pool", *(f"stage{k // 2 + 1}_block{k % 2 + 1}" for k in range(7)), "features"],
    ),
    "vit_micro": (16, {}, ["patches", "tokens", "block1", "features"]),
    "convnet": (28, {"width": 4}, ["block1", "block2", "block3", "features"]),
    "micro": (8, {}, ["block1", "features"]),
    "mlp": (8, {"widths": [5, 4, 3]}, ["dense1", "dense2", "features"]),
}


@pytest.mark.parametrize("name", KNOWN)
def test_blocks_of_named_networks(name):
    size, options, names = KNOWN[name]
    assert nn.blocks(nn.backbone(name, size, **options)).names == names


def test_wide_resnets_end_their_blocks_in_additions():
    names, network = nn.blocks(nn.backbone("wrn28_2", 8), pooled=False)
    assert len(names) == 12  # three stages of four
    assert [x.shape[-1] for x in network.outputs[::4]] == [32, 64, 128]


def test_outputs_are_means_of_the_layers_own():
    network = nn.backbone("resnet20", 16, width=4, zero_gamma=False)
    x = np.random.default_rng(0).random((3, 16, 16, 3), "float32")
    names, parts = nn.blocks(network)
    outputs = dict(zip(names, parts(x), strict=True))
    layer = network.get_layer("stage2_block1_relu")
    expected = ops.convert_to_numpy(keras.Model(network.inputs[0], layer.output)(x)).mean((1, 2))
    np.testing.assert_allclose(outputs["stage2_block1"], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(outputs["features"], network(x), rtol=1e-5, atol=1e-6)


def test_networks_inside_are_looked_into():
    plain = nn.backbone("micro", 8, width=4)
    behind = nn.backbone("micro", 8, mean=[0.5] * 3, std=[0.2] * 3, width=4)
    names, network = nn.blocks(behind)
    assert names == ["block1", "features"]
    x = np.random.default_rng(0).random((2, 8, 8, 3), "float32")
    for mine, inner in zip(network(x), nn.blocks(plain).network((x - 0.5) / 0.2), strict=True):
        np.testing.assert_allclose(mine, inner, rtol=1e-4, atol=1e-5)


def test_networks_of_other_libraries_have_blocks():
    names, network = nn.blocks(nn.backbone("keras:MobileNetV2", 32))
    assert names[-1] == "features" and "block_1" in names and len(names) > 17
    assert all(len(shape) == 2 for shape in network.output_shape)


def test_series_and_closed_forms():
    assert nn.blocks(nn.backbone("gru")).names == ["gru1", "features"]
    with pytest.raises(ValueError, match="backbone: got NoneType; it must be a Functional network"):
        nn.blocks(None)


def test_maps_beside_features_are_of_one_pass():
    network = nn.backbone("micro", 8, mean=[0.5] * 3, std=[0.2] * 3, width=4)
    x = np.random.default_rng(0).random((2, 8, 8, 3), "float32")
    first, last, features = nn.block_maps(network, ["block1", "features"])(x)
    assert tuple(first.shape) == (2, 8, 8, 4)
    np.testing.assert_allclose(ops.mean(last, axis=(1, 2)), features, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(features, network(x), rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="block: got dense1 of shape .*; it must give maps"):
        nn.block_maps(nn.backbone("mlp", 8, widths=[5, 4]), ["dense1"])
