import numpy as np
import pytest
from keras import ops

from sslzoo.losses import divergences, entropies, squared_consistency, virtual_adversary


def logits_of(n=13, classes=5, seed=0):
    return np.random.default_rng(seed).normal(0, 2, (n, classes)).astype("float32")


def softmax(z):
    e = np.exp(z.astype("float64") - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def test_the_squares_are_averaged_over_rows_and_classes():
    p, q = softmax(logits_of()), softmax(logits_of(seed=1))
    total = 0.0
    for row in range(13):
        for c in range(5):
            total += (p[row, c] - q[row, c]) ** 2
    found = squared_consistency(logits_of(), q.astype("float32"))
    np.testing.assert_allclose(float(found), total / 13 / 5, rtol=1e-5)


def test_divergence_and_entropy_are_those_of_the_formulas():
    p, q = softmax(logits_of()), softmax(logits_of(seed=1))
    expected = [sum(q[i] * np.log(q[i] / p[i])) for i in range(13)]
    np.testing.assert_allclose(divergences(logits_of(), logits_of(seed=1)), expected, rtol=1e-4)
    expected = [-sum(p[i] * np.log(p[i])) for i in range(13)]
    np.testing.assert_allclose(entropies(logits_of()), expected, rtol=1e-4)


def test_targets_are_constants_and_entropy_is_not(gradients):
    def squares(logits, targets):
        return squared_consistency(logits, ops.softmax(targets)) + 0.0 * ops.sum(targets)

    def divergence(logits, targets):
        return ops.sum(divergences(logits, targets)) + 0.0 * ops.sum(targets)

    for term in (squares, divergence):
        of_logits, of_targets = (
            np.asarray(g) for g in gradients(term, logits_of(), logits_of(seed=1))
        )
        assert not of_targets.any() and np.abs(of_logits).max() > 1e-3, term.__name__
    (found,) = gradients(lambda logits: ops.sum(entropies(logits)), logits_of())
    p = softmax(logits_of())
    expected = -p * (np.log(p) - np.sum(p * np.log(p), axis=1, keepdims=True))
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_one_step_of_the_power_iteration_is_the_hessian_times_the_direction(dtype):
    """Of a linear network, whose Hessian is W (diag(p) - p p^T) W^T. With the xi of the papers'
    codes, 1e-6, half precision finds nothing: x + xi d is x.
    """
    rng = np.random.default_rng(0)
    kernel = rng.normal(0, 0.5, (6, 4))
    x, direction = rng.random((9, 6)), rng.normal(size=(9, 6))
    expected = []
    for p, d in zip(softmax(x @ kernel), direction, strict=True):
        g = kernel @ (np.diag(p) - np.outer(p, p)) @ kernel.T @ d
        expected.append(2.0 * g / np.linalg.norm(g))

    def network(rows):
        return ops.matmul(ops.cast(rows, dtype), ops.cast(kernel, dtype))

    x, direction = x.astype("float32"), direction.astype("float32")
    found = np.asarray(virtual_adversary(network, x, direction, xi=1e-2, radius=2.0)) - x
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 2.0, rtol=1e-4)
    cosines = np.sum(found * np.array(expected), axis=1) / 4.0
    assert cosines.min() > {"float32": 0.999, "float16": 0.8}[dtype], cosines


def test_a_network_that_answers_the_same_everywhere_has_no_adversary():
    x = np.ones((2, 3), "float32")
    found = virtual_adversary(lambda rows: 0.0 * rows, x, x, xi=1e-2, radius=2.0)
    np.testing.assert_array_equal(np.asarray(found), x)
