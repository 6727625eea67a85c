import metric_oracles as metric
import numpy as np
import pytest
from keras import ops

from sslzoo.losses import pair_contrastive, pair_contrastive_batch
from sslzoo.losses.distances import DISTANCES


def oracle(same, distance, margin):
    terms = [
        d**2 if y else max(margin - d, 0.0) ** 2
        for y, d in zip(same, distance.astype("float64"), strict=True)
    ]
    return sum(terms) / len(terms)


def distances(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2, n), rng.uniform(0, 2, n).astype("float32")


@pytest.mark.parametrize("n", [1, 7, 256])
@pytest.mark.parametrize("margin", [0.2, 1.0, 1.5])
def test_equals_the_loop(n, margin):
    same, d = distances(n)
    assert float(pair_contrastive(same, d, margin)) == pytest.approx(
        oracle(same, d, margin), rel=1e-5, abs=1e-7
    )
    assert float(pair_contrastive(same.astype(bool), d, margin)) == float(
        pair_contrastive(same, d, margin)
    )


def test_one_means_the_same_and_the_losses_are_squared():
    d = np.array([0.5], "float32")
    # pulled together by d^2
    assert float(pair_contrastive(np.array([1]), d, 2.0)) == pytest.approx(0.25)
    # pushed apart by (2 - 0.5)^2
    assert float(pair_contrastive(np.array([0]), d, 2.0)) == pytest.approx(2.25)
    # far enough
    assert float(pair_contrastive(np.array([0]), np.array([2.5], "float32"), 2.0)) == 0


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize(("n", "margin"), [(2, 1.0), (9, 0.3), (17, 2.0)])
def test_batch_equals_the_double_loop(distance, balanced, n, margin):
    labels, x = metric.batch(n)
    found = float(pair_contrastive_batch(labels, x, margin, distance, balanced))
    assert found == pytest.approx(
        metric.pairs(labels, x, margin, distance, balanced), rel=2e-5, abs=1e-7
    )


def test_order_of_the_batch_does_not_matter():
    labels, x = metric.batch(15)
    order = np.random.default_rng(1).permutation(15)
    value = float(pair_contrastive_batch(labels, x))
    assert float(pair_contrastive_batch(labels[order], x[order])) == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize("balanced", [False, True])
def test_gradient_equals_finite_differences(balanced, gradients, finite_differences):
    labels, x = metric.batch(6, classes=2, dimensions=3)
    (found,) = gradients(lambda x: pair_contrastive_batch(labels, x, 3.0, balanced=balanced), x)
    (expected,) = finite_differences(
        lambda x: metric.pairs(labels, x, 3.0, "euclidean", balanced), x
    )
    assert np.abs(expected).max() > 1e-2
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_duplicates_make_no_nan(dtype, gradients):
    labels, x = metric.batch(9)
    labels[3], labels[5] = labels[1], labels[1] + 1
    x[3] = x[5] = x[1]
    x = ops.cast(x, dtype)
    (gradient,) = gradients(lambda x: pair_contrastive_batch(labels, x), x)
    gradient = np.asarray(ops.cast(gradient, "float32"))
    assert np.isfinite(gradient).all() and gradient.any()


def test_a_kind_of_pair_that_is_missing_counts_zero():
    _, x = metric.batch(6)
    for balanced in (False, True):
        alike = float(pair_contrastive_batch(np.zeros(6, int), x, 1.0, balanced=balanced))
        assert alike == pytest.approx(
            metric.pairs(np.zeros(6, int), x, 1.0, "euclidean", balanced), rel=1e-5
        )


@pytest.mark.parametrize(
    ("same", "distance", "margin", "message"),
    [
        (np.ones(3), np.ones(4), 1.0, r"got shapes \(3,\) and \(4,\); it must be of one shape"),
        (np.ones((3, 1)), np.ones(3), 1.0, r"got shapes \(3, 1\) and \(3,\)"),
        (np.ones(3), np.ones(3), 0.0, "margin: got 0.0; it must be a finite number above 0"),
    ],
)
def test_refuses_what_it_cannot_compute(same, distance, margin, message):
    with pytest.raises(ValueError, match=message):
        pair_contrastive(same, distance, margin)


def test_batch_refuses_labels_that_do_not_fit():
    with pytest.raises(
        ValueError, match=r"labels and embeddings: got shapes .*; it must be \(N,\) and \(N, D\)"
    ):
        pair_contrastive_batch(np.zeros(3, int), np.ones((4, 2), "float32"))
