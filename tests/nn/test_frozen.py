import keras
import numpy as np
import pytest
from keras import ops

from sslzoo import nn
from sslzoo.nn.frozen import frozen

IMAGES = np.random.default_rng(0).random((6, 8, 8, 3)).astype("float32")


def slopes(function, network):
    """d sum(function(images)) / d images and / d each weight of the network."""
    variables = network.trainable_variables
    if keras.backend.backend() == "jax":
        import jax

        def total(images, values):
            with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
                return ops.sum(function(images) ** 2)

        found = jax.jit(jax.grad(total, (0, 1)))(IMAGES, [v.value for v in variables])
        return np.asarray(found[0]), [np.asarray(g) for g in found[1]]
    import tensorflow as tf

    images = tf.constant(IMAGES)
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(function(images) ** 2)
    found, *rest = tape.gradient(
        total, [images, *(v.value for v in variables)], unconnected_gradients="zero"
    )
    return found.numpy(), [g.numpy() for g in rest]


@pytest.mark.parametrize("training", [False, True])
def test_gradients_reach_the_input_alone(training):
    network = nn.backbone("micro", 8)
    own = slopes(lambda x: network(x, training=training), network)
    fixed = slopes(lambda x: frozen(network)(x, training=training), network)
    np.testing.assert_allclose(fixed[0], own[0], rtol=1e-4, atol=1e-6)
    assert all(g.any() for g in own[1]) and not any(g.any() for g in fixed[1])


def test_outputs_are_the_networks_own_and_its_statistics_stay():
    network = nn.backbone("micro", 8)
    before = network.get_weights()
    outputs = ops.convert_to_numpy(frozen(network)(IMAGES, training=True))
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_allclose(
        outputs, ops.convert_to_numpy(network(IMAGES, training=True)), rtol=1e-6
    )
    assert any((old != new).any() for old, new in zip(before, network.get_weights(), strict=True))
