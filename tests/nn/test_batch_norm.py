"""The fused training pass equals Keras' own layer."""

import keras
import numpy as np
import pytest
from keras import ops

from sslzoo.nn.layers import batch_norm


def pair(**kwargs):
    ours = batch_norm("bn", **kwargs)
    theirs = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, **kwargs)
    rng = np.random.default_rng(1)
    for layer in (ours, theirs):
        layer.build((None, 5, 6, 4))
    for variable, other in zip(ours.weights, theirs.weights, strict=True):
        value = rng.uniform(0.5, 1.5, variable.shape)
        variable.assign(value)
        other.assign(value)
    return ours, theirs


def forward_and_gradients(layer, x, weight):
    """Outputs in training, and the gradients of sum(weight * outputs) for the input, gamma and
    beta.
    """
    parameters = list(layer.trainable_variables)
    if keras.backend.backend() == "jax":
        import jax

        def loss(x, values):
            mapping = list(zip(parameters, values, strict=True))
            with keras.StatelessScope(state_mapping=mapping):
                return ops.sum(weight * layer(x, training=True))

        gradients = jax.grad(loss, argnums=(0, 1))(x, [v.value for v in parameters])
        return layer(x, training=True), [gradients[0], *gradients[1]]
    import tensorflow as tf

    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layer(x, training=True)
        loss = tf.reduce_sum(weight * outputs)
    return outputs, tape.gradient(loss, [x, *(v.value for v in parameters)])


@pytest.mark.parametrize("affine", [{}, {"center": False}, {"center": False, "scale": False}])
def test_equals_keras(affine):
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, (3, 5, 6, 4)).astype("float32")
    weight = rng.normal(size=x.shape).astype("float32")
    ours, theirs = pair(**affine)
    (mine, my_gradients), (other, other_gradients) = (
        forward_and_gradients(layer, x, weight) for layer in (ours, theirs)
    )
    np.testing.assert_allclose(
        ops.convert_to_numpy(mine), ops.convert_to_numpy(other), rtol=1e-4, atol=1e-4
    )
    for a, b in zip(my_gradients, other_gradients, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-4, atol=1e-4)
    for a, b in zip(ours.weights, theirs.weights, strict=True):  # the statistics too
        np.testing.assert_allclose(
            ops.convert_to_numpy(a), ops.convert_to_numpy(b), rtol=1e-5, atol=1e-5
        )
    mine, other = (ops.convert_to_numpy(layer(x, training=False)) for layer in (ours, theirs))
    np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-5)


def test_moves_its_statistics_to_those_of_the_batch():
    layer = batch_norm("bn")
    x = np.random.default_rng(0).normal(3, 2, (4, 3, 3, 2)).astype("float32")
    layer(x, training=True)
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer.moving_mean), 0.1 * x.mean((0, 1, 2)), rtol=1e-4
    )
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer.moving_variance), 0.9 + 0.1 * x.var((0, 1, 2)), rtol=1e-4
    )  # of the population


def test_a_frozen_layer_normalizes_by_its_statistics_and_keeps_them():
    layer = batch_norm()
    layer.build((None, 4, 4, 3))
    layer.trainable = False
    batch = np.random.default_rng(0).normal(5, 2, (6, 4, 4, 3)).astype("float32")
    np.testing.assert_allclose(layer(batch, training=True), layer(batch, training=False), rtol=1e-6)
    assert not keras.ops.convert_to_numpy(layer.moving_mean).any()
