import itertools

import numpy as np
import pytest
from keras import ops

from sslzoo.losses import sinkhorn, swapped_prediction


def multiplied(scores, epsilon, iterations):
    """Sinkhorn and Knopp by scaling the matrix itself, as the code of SwAV does."""
    q = np.exp(np.asarray(scores, "float64").T / epsilon)  # (K, B)
    q /= q.sum()
    for _ in range(iterations):
        q *= (1 / len(q)) / q.sum(axis=1, keepdims=True)
        q *= (1 / q.shape[1]) / q.sum(axis=0, keepdims=True)
    return (q / q.sum(axis=0)).T


def scores_of(n, clusters, seed=0):
    """Cosine similarities: of random directions, and with a preference of all for cluster 0."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(-1, 1, (n, clusters)).astype("float32")
    scores[:, 0] = 1.0
    return scores


@pytest.mark.parametrize(("n", "clusters"), [(2, 2), (13, 5), (64, 100)])
def test_sinkhorn_is_the_scaling_of_the_matrix(n, clusters):
    scores = scores_of(n, clusters)
    expected = multiplied(scores, 0.05, 3)
    np.testing.assert_allclose(np.asarray(sinkhorn(scores, 0.05, 3)), expected, atol=1e-5)
    # One iteration more or fewer would be seen.
    assert np.abs(multiplied(scores, 0.05, 2) - expected).max() > 1e-3


def test_rows_sum_to_one_and_columns_come_to_the_same_sum():
    off = []
    for iterations in (1, 3, 10, 100):
        q = np.asarray(sinkhorn(scores_of(60, 6), 0.2, iterations))
        np.testing.assert_allclose(q.sum(axis=1), 1, atol=1e-5)
        off.append(np.abs(q.sum(axis=0) - 10).max())  # B / K
    assert off == sorted(off, reverse=True) and off[1] < 3 and off[-1] < 1e-3, off


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("value", [0.0, 1.0, -6e4, 6e4])
def test_equal_scores_are_shared_evenly_at_any_size(dtype, value):
    q = np.asarray(sinkhorn(ops.full((8, 4), value, dtype)))
    assert q.dtype == "float32"
    np.testing.assert_allclose(q, 0.25, atol=1e-5)


def test_huge_scores_and_a_tiny_epsilon_stay_finite():
    for scale, epsilon in itertools.product([1.0, 1e4], [0.05, 1e-3]):
        q = np.asarray(sinkhorn(scale * scores_of(32, 8), epsilon))
        assert np.isfinite(q).all()
        np.testing.assert_allclose(q.sum(axis=1), 1, atol=1e-4)


def looped(scores, targets, temperature):
    """Equation 2, view by view and row by row."""
    scores, targets = (np.asarray(x, "float64") for x in (scores, targets))
    terms = []
    for a in range(targets.shape[1]):
        for v in range(scores.shape[1]):
            for i in range(len(scores)) if v != a else ():
                p = np.exp(scores[i, v] / temperature)
                terms.append(-(targets[i, a] * np.log(p / p.sum())).sum())
    return np.mean(terms)


@pytest.mark.parametrize("views", [2, 5])
def test_swapped_prediction_is_the_equation(views):
    rng = np.random.default_rng(0)
    scores = rng.uniform(-1, 1, (7, views, 6)).astype("float32")
    targets = rng.dirichlet(np.ones(6), (7, 2)).astype("float32")
    loss = float(swapped_prediction(scores, targets, 0.1))
    assert loss == pytest.approx(looped(scores, targets, 0.1), rel=1e-5)
    assert loss != pytest.approx(looped(scores[:, ::-1], targets, 0.1), rel=1e-2)


@pytest.mark.parametrize(
    ("scores", "targets"), [((3, 1, 4), (3, 1, 4)), ((3, 2, 4), (3, 3, 4)), ((3, 2, 4), (3, 2, 5))]
)
def test_other_shapes_are_refused(scores, targets):
    with pytest.raises(ValueError, match="scores and targets: got shapes"):
        swapped_prediction(np.zeros(scores), np.zeros(targets))
