import math

import numpy as np
import pytest
from keras import ops

from sslzoo.losses import negative_cosine


def oracle(p, z):
    total = 0.0
    for a, b in zip(p.astype("float64"), z.astype("float64"), strict=True):
        total -= sum(a * b) / math.sqrt(sum(a * a) * sum(b * b))
    return total / len(p)


def pair(n, seed=0):
    return np.random.default_rng(seed).normal(size=(2, n, 8)).astype("float32")


@pytest.mark.parametrize("n", [1, 2, 7, 256])
def test_equals_the_loop(n):
    p, z = pair(n)
    assert float(negative_cosine(p, z)) == pytest.approx(oracle(p, z), rel=1e-5, abs=1e-6)


def test_known_values():
    p, _ = pair(5)
    assert float(negative_cosine(p, 3 * p)) == pytest.approx(-1, abs=1e-6)
    assert float(negative_cosine(p, -p)) == pytest.approx(1, abs=1e-6)
    assert (
        float(
            negative_cosine(np.eye(4, dtype="float32"), np.roll(np.eye(4, dtype="float32"), 1, 0))
        )
        == 0
    )


def test_byol_regression_loss_is_2_plus_2_times_it():
    p, z = pair(6)
    unit_p, unit_z = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (p, z))
    byol = np.mean(np.sum((unit_p - unit_z) ** 2, axis=1))
    assert 2 + 2 * float(negative_cosine(p, z)) == pytest.approx(byol, rel=1e-5)


def test_gradient_reaches_both_inputs_and_equals_finite_differences(gradients, finite_differences):
    p, z = pair(3)
    expected = finite_differences(oracle, p, z)
    for f, e in zip(gradients(negative_cosine, p, z), expected, strict=True):
        assert np.abs(e).max() > 1e-3
        np.testing.assert_allclose(f, e, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_does_not_overflow(dtype):
    p, z = (ops.cast(1000 * x, dtype) for x in pair(6))  # squares are above float16's 65504
    assert -1 <= float(negative_cosine(p, z)) <= 1


def test_refuses_different_shapes():
    with pytest.raises(ValueError, match=r"p and z: got shapes \(4, 8\) and \(3, 8\)"):
        negative_cosine(np.ones((4, 8), "float32"), np.ones((3, 8), "float32"))
