import keras
import numpy as np
import pytest
from keras import layers, ops

from sslzoo import inputs, nn


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def states(x, layer):
    """All states of a GRU layer in float64, step by step; the reset gate acts after the product."""
    kernel, recurrent, (bias, recurrent_bias) = (np.asarray(v, "float64") for v in layer.weights)
    width = recurrent.shape[0]
    h, found = np.zeros((len(x), width)), []
    for step in range(x.shape[1]):
        a = x[:, step] @ kernel + bias
        b = h @ recurrent + recurrent_bias
        update, reset = sigmoid((a + b)[:, : 2 * width]).reshape(-1, 2, width).transpose(1, 0, 2)
        candidate = np.tanh(a[:, 2 * width :] + reset * b[:, 2 * width :])
        h = update * h + (1 - update) * candidate
        found.append(h)
    return np.stack(found, axis=1)  # (N, T, width)


def series(n=5, steps=7, features=3):
    return np.random.default_rng(0).normal(size=(n, steps, features)).astype("float32")


@pytest.fixture(scope="module")
def network():
    network = nn.gru("small", steps=7, features=3, units=[6, 4], seed=1)
    for layer in network.layers[1:3]:  # biases are zero at the beginning
        bias = layer.weights[2]
        bias.assign(0.1 * np.arange(bias.shape[0] * bias.shape[1]).reshape(bias.shape) / 10)
    return network


def test_features_and_states_are_those_of_the_formula(network):
    x = series()
    *hidden, features = (ops.convert_to_numpy(h) for h in nn.hidden_states(network)(x))
    first = states(x.astype("float64"), network.get_layer("gru1"))
    second = states(first, network.get_layer("gru2"))
    np.testing.assert_allclose(hidden[0], first, atol=1e-5)
    np.testing.assert_allclose(hidden[1], second, atol=1e-5)
    np.testing.assert_array_equal(features, hidden[1][:, -1])
    np.testing.assert_allclose(ops.convert_to_numpy(network(x)), features, atol=1e-6)


def test_adarnns_network_is_two_layers_of_64():
    network = nn.gru("gru")
    shapes = [tuple(v.shape) for v in network.trainable_variables]
    assert shapes == [(6, 192), (64, 192), (2, 192), (64, 192), (64, 192), (2, 192)]
    assert isinstance(nn.reads(network), inputs.Series)


def test_a_config_may_name_it():
    named = nn.backbone("gru", steps=7, features=3, units=[5], seed=4)
    for one, two in zip(
        named.get_weights(), nn.gru("gru", 7, 3, [5], 4).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, two)
    with pytest.raises(ValueError, match="image_size: got 32; it must be None for gru"):
        nn.backbone("gru", 32)


def test_a_seed_decides_the_weights():
    first, again, other = (nn.gru("gru", units=[4], seed=seed).get_weights() for seed in (3, 3, 4))
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.shape == (2, 12) or np.abs(a - c).max() > 0.1  # the biases are zero


def test_two_layers_do_not_begin_alike():
    network = nn.gru("gru", features=4, units=[4, 4])
    first, second = (network.get_layer(name).get_weights() for name in ("gru1", "gru2"))
    assert all(np.abs(a - b).max() > 0.1 for a, b in zip(first[:2], second[:2], strict=True))


def test_series_of_any_length():
    network = nn.gru("gru", steps=None, features=3, units=[4])
    assert network(series(steps=9)).shape == (5, 4)
    assert [h.shape for h in nn.hidden_states(network)(series(steps=5))] == [(5, 5, 4), (5, 4)]


def test_states_are_the_networks_own(network):
    states = nn.hidden_states(network)
    assert {id(v) for v in states.variables} == {id(v) for v in network.variables}


def test_a_network_without_states_is_refused():
    x = keras.Input((7, 3))
    network = keras.Model(x, layers.GRU(4)(x), name="last_only")
    with pytest.raises(ValueError, match="backbone: last_only has no recurrent layer"):
        nn.hidden_states(network)


def test_gates_are_the_formula_of_the_paper():
    gates = nn.step_gates(7, units=[6, 4], seed=2)
    pairs = [series(9, 7, 12), series(9, 7, 8)]
    found = gates(pairs, training=True)
    for index, (pair, scores) in enumerate(zip(pairs, found, strict=True), 1):
        (kernel,) = (v for v in gates.trainable_variables if f"gate{index}_dense" in v.path)
        z = pair.reshape(9, -1).astype("float64") @ ops.convert_to_numpy(kernel)
        z = (z - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + 1e-5)
        np.testing.assert_allclose(ops.convert_to_numpy(scores), sigmoid(z), atol=1e-4)
