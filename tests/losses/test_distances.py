import keras
import metric_oracles as metric
import numpy as np
import pytest
from keras import ops

from sslzoo.losses.distances import DISTANCES


@pytest.mark.parametrize("name", DISTANCES)
@pytest.mark.parametrize("n", [1, 7, 33])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_equals_the_double_loop(name, n, scale):
    _, x = metric.batch(n)
    found = np.asarray(DISTANCES[name](scale * x))
    expected = np.array(metric.pairwise(scale * x, name))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6 * expected.max(initial=1e-6))
    assert (np.diag(found) == 0).all() and (found >= 0).all()
    np.testing.assert_array_equal(found, found.T)


@pytest.mark.parametrize("name", DISTANCES)
def test_gradient_equals_finite_differences(name, gradients, finite_differences):
    _, x = metric.batch(5, dimensions=3)
    weights = np.random.default_rng(1).uniform(size=(5, 5)).astype("float32")
    (found,) = gradients(lambda x: ops.sum(DISTANCES[name](x) * weights), x)
    (expected,) = finite_differences(lambda x: float(np.sum(metric.pairwise(x, name) * weights)), x)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("name", DISTANCES)
def test_equal_rows_are_at_zero_with_a_finite_gradient(name, dtype, gradients):
    _, x = metric.batch(9)
    x[4] = x[1]
    x = ops.cast(x, dtype)
    found = DISTANCES[name](x)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    assert np.asarray(found)[4, 1] < 1e-6
    (gradient,) = gradients(lambda x: ops.sum(DISTANCES[name](x)), x)
    gradient = np.asarray(ops.cast(gradient, "float32"))
    assert np.isfinite(gradient).all() and gradient.any()


@pytest.mark.parametrize("name", DISTANCES)
def test_a_collapsed_batch_has_a_zero_gradient_not_nan(name, gradients):
    (gradient,) = gradients(lambda x: ops.sum(DISTANCES[name](x)), np.full((6, 4), 0.3, "float32"))
    assert np.abs(gradient).max() < 1e-5


def test_root_of_a_float16_sum_with_epsilon_would_be_nan(gradients):
    """The remedy that `euclidean` does without: 1e-16 is 0 in float16."""
    (gradient,) = gradients(
        lambda x: ops.sqrt(ops.sum(ops.square(x)) + ops.cast(1e-16, "float16")),
        np.zeros(3, "float16"),
    )
    assert np.isnan(np.asarray(gradient, "float32")).all()


def test_float64_is_computed_in_float64():
    if keras.backend.backend() == "jax":
        pytest.skip("jax computes in float32 unless x64 is enabled")
    _, x = metric.batch(7)
    x = x.astype("float64")
    for name, distance in DISTANCES.items():
        np.testing.assert_allclose(
            np.asarray(distance(x)), metric.pairwise(x, name), rtol=1e-10, atol=1e-13
        )
