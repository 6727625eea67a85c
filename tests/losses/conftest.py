"""Gradients of a scalar function of tensors, on whichever backend runs the tests, and their
oracle.
"""

import sys
from pathlib import Path

import keras
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # metric_oracles.py


def backend_gradients(function, *inputs):
    if keras.backend.backend() == "jax":
        import jax

        derivative = jax.jit(jax.grad(function, argnums=tuple(range(len(inputs)))))
        grads = derivative(*(jax.numpy.asarray(x) for x in inputs))
    else:
        import tensorflow as tf

        tensors = [tf.convert_to_tensor(x) for x in inputs]
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            value = function(*tensors)
        grads = tape.gradient(value, tensors)
    return [np.asarray(g) for g in grads]


def central_differences(function, *inputs, step=1e-5):
    inputs = [np.array(x, "float64") for x in inputs]
    result = []
    for x in inputs:
        grad = np.empty_like(x)
        for i in np.ndindex(x.shape):
            kept, values = x[i], []
            for moved in (kept + step, kept - step):
                x[i] = moved
                values.append(function(*inputs))
            x[i] = kept
            grad[i] = (values[0] - values[1]) / (2 * step)
        result.append(grad)
    return result


@pytest.fixture
def gradients():
    """gradients(function, *inputs): d function(*inputs) / d input for each input, as NumPy
    arrays.
    """
    return backend_gradients


@pytest.fixture
def finite_differences():
    """finite_differences(function, *inputs): the same of a float64 NumPy function, by central
    differences.
    """
    return central_differences
