"""Runs of an optimizer on given gradients, the way Keras' trainer of the backend applies them."""

import keras
import numpy as np
import pytest

SHAPES = [(), (5,), (4, 5), (3, 3, 2, 4)]  # a scalar, a bias, a dense kernel, a convolution kernel


def draw(steps, seed=0):
    rng = np.random.default_rng(seed)
    variables, *gradients = [
        [rng.normal(size=s).astype("float32") for s in SHAPES] for _ in range(steps + 1)
    ]
    return variables, gradients


def apply_all(optimizer, variables, gradients):
    variables = [keras.Variable(v) for v in variables]
    optimizer.build(variables)
    if keras.backend.backend() == "jax":
        import jax

        apply = jax.jit(optimizer.stateless_apply)
        values, state = [v.value for v in variables], [v.value for v in optimizer.variables]
        for step in gradients:
            values, state = apply(state, [jax.numpy.asarray(g) for g in step], values)
        return [np.asarray(v) for v in values]
    import tensorflow as tf

    apply = tf.function(lambda *step: optimizer.apply(list(step), variables))
    for step in gradients:
        apply(*(tf.convert_to_tensor(g) for g in step))
    return [v.numpy() for v in variables]


@pytest.fixture
def random_variables():
    """random_variables(steps) -> a scalar, a bias and two kernels, and for each step a gradient of
    each.
    """
    return draw


@pytest.fixture
def run():
    """run(optimizer, variables, gradients) -> the variables after all gradients were applied, as
    NumPy arrays.
    """
    return apply_all
