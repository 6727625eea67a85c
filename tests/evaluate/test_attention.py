"""Attention maps beside attention that is computed by hand, in NumPy, from the weights."""

import math

import keras
import numpy as np
import pytest
from keras import ops

import sslzoo
from sslzoo import evaluate, nn
from sslzoo.nn.vit import vit

RNG = np.random.default_rng(0)
ERF = np.vectorize(math.erf)


def normed(x, w, name):
    x = x - x.mean(axis=-1, keepdims=True)
    x = x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-6)
    return x * w[f"{name}/gamma"] + w[f"{name}/beta"]


def dense(x, w, name):
    return x @ w[f"{name}/kernel"] + w[f"{name}/bias"]


def attended(x, w, block, heads):
    """Tokens (T, D) -> softmax(q k^T / sqrt(d)) (heads, T, T) of a block and its output (T, D)."""
    width = x.shape[1] // heads
    qkv = dense(normed(x, w, f"{block}_norm1"), w, f"{block}_qkv")
    q, k, v = (part.reshape(-1, heads, width) for part in np.split(qkv, 3, axis=1))
    scores = np.exp(np.einsum("qhd,khd->hqk", q, k) / math.sqrt(width))
    shares = scores / scores.sum(axis=2, keepdims=True)
    taken = np.einsum("hqk,khd->qhd", shares, v).reshape(x.shape)
    x = x + dense(taken, w, f"{block}_projection")
    y = dense(normed(x, w, f"{block}_norm2"), w, f"{block}_mlp1")
    y = y * (1 + ERF(y / math.sqrt(2))) / 2
    return shares, x + dense(y, w, f"{block}_mlp2")


def by_hand(network, pixels, heads, registers=0):
    """The shares (heads, T, T) of the last block for pixels (H, W, C), token after token."""
    w = {v.path: ops.convert_to_numpy(v).astype("float64") for v in network.weights}
    kernel = w["patch_embed/kernel"]
    patch = kernel.shape[0]
    patches = [
        pixels[top : top + patch, left : left + patch].ravel()
        for top in range(0, pixels.shape[0], patch)
        for left in range(0, pixels.shape[1], patch)
    ]
    places = w["tokens/positions"][0]
    x = np.array(patches) @ kernel.reshape(-1, kernel.shape[-1]) + w["patch_embed/bias"]
    leading = [w["tokens/class_token"][0] + places[:1]]
    leading += [w["tokens/registers"][0]] if registers else []
    x = np.concatenate([*leading, x + places[1:]])
    for index in range(1, 1 + sum(layer.name.endswith("_qkv") for layer in network.layers)):
        shares, x = attended(x, w, f"block{index}", heads)
    return shares


def random_weights(network):
    for variable in network.weights:
        variable.assign(RNG.normal(0, 0.6, variable.shape))


def pictures(count, height, width):
    return RNG.integers(0, 256, (count, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("pool", ["class", "mean", "mean_norm"])
@pytest.mark.parametrize("registers", [0, 2])
def test_the_maps_are_those_worked_out_by_hand(pool, registers):
    size = [8, 12]  # two rows of three patches: rows and columns cannot be confused
    options = {"pool": pool, "registers": registers, "patch": 4}
    network = vit("vit_micro", size, **options)
    random_weights(network)
    images = pictures(3, *size)
    maps = evaluate.attention_maps(sslzoo.methods.Encoder(network), images)
    assert maps.shape == (3, 2, 2, 3) and maps.dtype == np.float32
    first = 1 + registers
    for image, found in zip(images, maps, strict=True):
        shares = by_hand(network, image / 255, 2, registers)
        givers = shares[:, 0] if pool == "class" else shares[:, first:].mean(axis=1)
        expected = givers[:, first:].reshape(2, 2, 3)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
        assert expected.std() > 0.01  # maps that are even everywhere would prove nothing


def test_the_class_token_of_mae_looks_as_it_does_by_hand():
    model = sslzoo.load("mae_vit_mini.cifar10")
    images = pictures(2, 32, 32)
    maps = evaluate.attention_maps(model, images)
    assert maps.shape == (2, 3, 8, 8)
    expected = np.stack([by_hand(model.backbone, image / 255, 3)[:, 0, 1:] for image in images])
    np.testing.assert_allclose(maps, expected.reshape(maps.shape), rtol=1e-3, atol=1e-6)
    assert np.all(maps.sum(axis=(2, 3)) < 1)


def test_a_network_behind_the_mean_of_its_images_has_the_same_maps():
    network = nn.backbone("vit_micro", 8, patch=2)
    random_weights(network)
    behind = nn.normalized(network, [0.5, 0.4, 0.3], [0.2, 0.3, 0.4])
    images = pictures(2, 8, 8)
    pixels = ((images / 255 - [0.5, 0.4, 0.3]) / [0.2, 0.3, 0.4]).astype("float32")
    maps = evaluate.attention_maps(sslzoo.methods.SimCLR(behind), images)
    expected = ops.convert_to_numpy(nn.patch_attention(network, pixels))
    np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-6)


def test_many_images_and_a_data_set_have_the_maps_of_each(monkeypatch):
    model = sslzoo.build("simclr", {"name": "vit_micro", "patch": 2}, 8)
    images = pictures(7, 8, 8)
    whole = evaluate.attention_maps(model, images)
    monkeypatch.setattr("sslzoo.evaluate.attention.CHUNK", 3)
    chunked = evaluate.attention_maps(model, sslzoo.data.Dataset(images))
    np.testing.assert_allclose(chunked, whole, rtol=1e-5)


def test_a_network_without_attention_is_refused():
    model = sslzoo.build("simclr", "micro", 8)
    with pytest.raises(ValueError, match="backbone: got micro; it must be a vision transformer"):
        evaluate.attention_maps(model, pictures(1, 8, 8))


def test_half_precision_gives_float32():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = sslzoo.build("simclr", {"name": "vit_micro", "patch": 2}, 8)
    finally:
        keras.config.set_dtype_policy("float32")
    maps = evaluate.attention_maps(model, pictures(1, 8, 8))
    assert maps.dtype == np.float32 and 0 < maps.sum(axis=(2, 3)).max() < 1
