"""Low-rank changes and adapters of any network, against NumPy and plain layers."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from sslzoo import nn
from sslzoo.nn.low_rank import LowRank

NETWORKS = {
    "vit_micro": (16, {}),
    "mlp": (8, {"widths": [5, 4]}),
    "convnet": (8, {"width": 4, "depth": 2, "mean": [0.5] * 3, "std": [0.2] * 3}),
}


def network(name):
    size, options = NETWORKS[name]
    return nn.backbone(name, size, **options)


def items(name, n=3):
    size, _ = NETWORKS[name]
    return np.random.default_rng(0).random((n, size, size, 3), "float32")


def disturb(model, names):
    """Random values for the variables that start at zero."""
    rng = np.random.default_rng(1)
    for variable in model.weights:
        if variable.path.endswith(names):
            variable.assign(rng.normal(0, 0.1, variable.shape))


def test_a_dense_layer_has_the_kernel_of_the_paper():
    x = np.random.default_rng(0).random((4, 3), "float32")
    layer = LowRank(layers.Dense(5, "relu", bias_initializer="ones"), rank=2, scale=0.5)
    layer(x)
    disturb(layer, "b")
    kernel, bias = layer.layer.get_weights()
    a, b = (ops.convert_to_numpy(v) for v in (layer.a, layer.b))
    expected = np.maximum(x @ (kernel + 0.5 * a @ b) + bias, 0)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "options",
    [{"strides": 2, "padding": "same"}, {"groups": 2, "use_bias": False}, {"dilation_rate": 2}],
    ids=str,
)
def test_a_convolution_is_the_plain_one_with_another_kernel(options):
    x = np.random.default_rng(0).random((2, 7, 7, 4), "float32")
    layer = LowRank(layers.Conv2D(6, 3, **options), rank=2)
    layer(x)
    disturb(layer, "b")
    plain = layers.Conv2D(6, 3, **options)
    plain.build(x.shape)
    plain.set_weights([ops.convert_to_numpy(layer.kernel), *layer.layer.get_weights()[1:]])
    np.testing.assert_allclose(layer(x), plain(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_changed_network_starts_as_it_was_and_merges(name):
    plain, x = network(name), items(name)
    changed = nn.with_low_rank(plain, rank=2, alpha=4)
    expected = ops.convert_to_numpy(plain(x))
    np.testing.assert_allclose(changed(x), expected, atol=1e-6)
    disturb(changed, "lora/b")
    here = ops.convert_to_numpy(changed(x))
    assert np.abs(here - expected).max() > 1e-3
    there = ops.convert_to_numpy(nn.merged(plain, changed)(x))
    assert np.abs(there - here).max() <= 1e-5 * np.abs(here).max()
    np.testing.assert_array_equal(plain(x), expected)


def test_a_layer_that_is_called_twice_has_one_change():
    x = keras.Input((4,))
    dense = layers.Dense(4)
    changed = nn.with_low_rank(keras.Model(x, dense(dense(x))), rank=1)
    assert sum(isinstance(layer, LowRank) for layer in changed.layers) == 1


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_with_adapters_starts_as_it_was(name):
    plain, x = network(name), items(name)
    adapted = nn.with_adapters(plain, units=2)
    expected = ops.convert_to_numpy(plain(x))
    np.testing.assert_allclose(adapted(x), expected, rtol=1e-5, atol=1e-6)
    disturb(adapted, "up/kernel")
    assert np.abs(ops.convert_to_numpy(adapted(x)) - expected).max() > 1e-3
    np.testing.assert_array_equal(plain(x), expected)
    count = len(nn.blocks(plain).names)
    assert sum("_adapter_up" in variable.path for variable in adapted.weights) == 2 * count


def test_an_adapter_is_the_formula_on_each_step_of_a_series():
    plain = nn.backbone("gru", steps=5, features=2, units=[3])
    adapted = nn.with_adapters(plain, units=2)
    disturb(adapted, "up/kernel")
    x = np.random.default_rng(0).normal(size=(2, 5, 2)).astype("float32")
    weights = {v.path: ops.convert_to_numpy(v) for v in adapted.weights if "adapter" in v.path}
    h = ops.convert_to_numpy(plain(x)).astype("float64")
    norm = (h - h.mean(-1, keepdims=True)) / np.sqrt(h.var(-1, keepdims=True) + 1e-5)
    own = {name.rpartition("_")[2]: value for name, value in weights.items()}
    inner = np.maximum(norm @ own["down/kernel"] + own["down/bias"], 0)
    np.testing.assert_allclose(adapted(x), h + inner @ own["up/kernel"], rtol=1e-4, atol=1e-5)
