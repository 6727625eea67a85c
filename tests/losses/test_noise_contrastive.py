import numpy as np
import pytest
from keras import ops

from sslzoo.losses import nce


def oracle(positive, noise, size):
    n, m = noise.shape
    total = 0.0
    for i in range(n):
        p = np.exp(np.float64(positive[i]))
        total -= np.log(p / (p + m / size))
        for q in np.exp(noise[i].astype("float64")):
            total -= np.log(1 - q / (q + m / size))
    return total / n


def densities(n=5, m=7, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(-3, 2, size=shape).astype("float32") for shape in (n, (n, m)))


@pytest.mark.parametrize("size", [10, 50_000])
def test_equals_the_loop_of_the_paper(size):
    positive, noise = densities()
    assert float(nce(positive, noise, size)) == pytest.approx(oracle(positive, noise, size), 1e-5)


def test_gradient_equals_finite_differences(gradients, finite_differences):
    positive, noise = densities(3, 4)
    found = gradients(lambda a, b: nce(a, b, 20), positive, noise)
    expected = finite_differences(lambda a, b: oracle(a, b, 20), positive, noise)
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(f, e, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("value", [-500.0, 500.0])
def test_extreme_densities_are_finite(value, gradients):
    positive, noise = np.full(2, -value, "float32"), np.full((2, 3), value, "float32")
    assert np.isfinite(float(nce(positive, noise, 10)))
    assert all(np.isfinite(g).all() for g in gradients(lambda a, b: nce(a, b, 10), positive, noise))


def test_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"positive and noise: got shapes \(3, 1\) and \(3, 2\)"):
        nce(ops.ones((3, 1)), ops.ones((3, 2)), 10)
