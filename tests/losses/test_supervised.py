import math

import keras
import numpy as np
import pytest
from keras import ops

from sslzoo.losses import nt_xent, sup_con


def oracle(z, labels, temperature):
    """Equation 2 (L_out) in float64, one pair of rows at a time."""
    z = z.astype("float64") / np.linalg.norm(z, axis=1, keepdims=True)
    terms = []
    for i in range(len(z)):
        similar = [math.exp(z[i] @ z[k] / temperature) for k in range(len(z)) if k != i]
        positives = [p for p in range(len(z)) if p != i and labels[p] == labels[i]]
        if positives:
            logs = [z[i] @ z[p] / temperature - math.log(sum(similar)) for p in positives]
            terms.append(-sum(logs) / len(positives))
    return sum(terms) / len(terms)


def rows(n, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 8)) * rng.uniform(0.1, 10, size=(n, 1))
    return z.astype("float32"), rng.integers(classes, size=n)


@pytest.mark.parametrize("n", [2, 7, 64])
@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_equals_the_double_loop_of_the_paper(n, temperature):
    z, labels = rows(n)
    labels[:2] = 0  # one pair at least
    found = float(sup_con(z, labels, temperature))
    assert found == pytest.approx(oracle(z, labels, temperature), rel=1e-4, abs=1e-5)


def test_with_labels_of_images_it_is_nt_xent():
    z, _ = rows(12)
    found = float(sup_con(z, np.tile(np.arange(6), 2), 0.5))
    assert found == pytest.approx(float(nt_xent(z[:6], z[6:], 0.5)), rel=1e-5)


def test_rows_without_a_positive_are_left_out():
    z, _ = rows(5)
    labels = np.array([0, 0, 1, 2, 3])
    assert float(sup_con(z, labels)) == pytest.approx(oracle(z, labels, 0.1), rel=1e-4)
    assert float(sup_con(z, np.arange(5))) == 0


def test_gradient_equals_finite_differences(gradients, finite_differences):
    z, labels = rows(5)
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    labels = np.array([0, 1, 0, 1, 2])
    found = gradients(lambda a: sup_con(a, labels, 0.5), z)[0]
    expected = finite_differences(lambda a: oracle(a, labels, 0.5), z)[0]
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_finite_for_equal_and_for_huge_rows(dtype, gradients):
    for z in (np.ones((6, 4)), 6e4 * np.sign(rows(6)[0])):
        z = ops.cast(z, dtype)
        labels = np.array([0, 0, 1, 1, 2, 2])
        assert keras.backend.standardize_dtype(sup_con(z, labels).dtype) == "float32"
        gradient = gradients(lambda a, c=labels: sup_con(a, c), z)[0]
        assert np.isfinite(gradient.astype("float32")).all()


def test_refuses_what_it_cannot_compute():
    with pytest.raises(ValueError, match=r"z and labels: got shapes \(3, 2\) and \(2,\)"):
        sup_con(np.ones((3, 2), "float32"), np.array([0, 1]))
    with pytest.raises(ValueError, match="temperature: got 0; it must be a finite number above 0"):
        sup_con(np.ones((2, 2), "float32"), np.array([0, 1]), 0)
