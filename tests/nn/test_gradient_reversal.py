import keras
import numpy as np
import pytest
from keras import ops

from sslzoo import nn

X = np.array([0.1, -2.0, 3e4], "float32")


def slopes(function):
    if keras.backend.backend() == "jax":
        import jax

        return np.asarray(jax.grad(function)(jax.numpy.asarray(X)))
    import tensorflow as tf

    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    return tape.gradient(value, x).numpy()


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0, 7.0])
def test_values_pass_and_gradients_come_back_reversed(weight):
    found = ops.convert_to_numpy(nn.reverse_gradient(X, weight))
    np.testing.assert_array_equal(found, X)
    gradient = slopes(lambda x: ops.sum(ops.square(nn.reverse_gradient(x, weight))))
    np.testing.assert_allclose(gradient, -weight * 2 * X, rtol=1e-6)


def test_the_ramp_is_that_of_the_paper_and_not_the_default_of_deepda():
    for p in (0.0, 0.05, 0.5, 1.0):
        expected = 2 / (1 + np.exp(-10 * p)) - 1
        assert float(nn.adversarial_ramp(p)) == pytest.approx(expected, abs=1e-6)
    assert float(nn.adversarial_ramp(1.0)) > 0.999 > 0.47 > float(nn.adversarial_ramp(1.0, 1.0))


def test_half_precision_passes_too():
    x = ops.cast(X[:2], "float16")
    assert keras.backend.standardize_dtype(nn.reverse_gradient(x, 0.5).dtype) == "float16"
