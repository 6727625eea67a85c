import importlib.util

import numpy as np
import pytest

from sslzoo.nn import kmeans as found
from sslzoo.nn.kmeans import kmeans, spherical_kmeans, whitened, without_empty
from sslzoo.rows import unit_rows


def blobs(clusters=5, each=20, dim=8, noise=0.05, seed=0):
    """Rows of length 1 around well separated directions, and which they belong to."""
    rng = np.random.default_rng(seed)
    centers = np.eye(dim)[:clusters]
    labels = np.repeat(np.arange(clusters), each)
    rows = centers[labels] + noise * rng.normal(size=(clusters * each, dim))
    return unit_rows(rows).astype("float32"), labels


def same_partition(a, b):
    pairs = set(zip(a.tolist(), b.tolist(), strict=True))
    return len(pairs) == len(set(a.tolist())) == len(set(b.tolist()))


def best_of(run, truth):
    """Whether one of ten seeds finds the partition: k-means begins at random rows."""
    return any(same_partition(run(seed), truth) for seed in range(10))


@pytest.mark.parametrize(
    "run",
    [
        found._sklearn,
        pytest.param(
            found._faiss,
            marks=pytest.mark.skipif(
                not importlib.util.find_spec("faiss"), reason="FAISS is not installed"
            ),
        ),
    ],
)
def test_kmeans_finds_blobs_and_is_a_function_of_its_seed(run):
    rows, truth = blobs()
    assert best_of(lambda seed: without_empty(rows, run(rows, 5, 20, seed), 5), truth)
    np.testing.assert_array_equal(run(rows, 5, 20, 3), run(rows, 5, 20, 3))


def test_spherical_kmeans_finds_blobs_and_its_centroids_are_their_mean_directions():
    rows, truth = blobs()
    assert best_of(lambda seed: spherical_kmeans(rows, 5, 10, seed)[0], truth)
    labels, centroids = spherical_kmeans(rows, 5, 10, seed=0)
    for cluster in range(5):
        mean = rows[labels == cluster].sum(axis=0)
        np.testing.assert_allclose(centroids[cluster], mean / np.linalg.norm(mean), atol=1e-5)
    np.testing.assert_array_equal(labels, (rows @ centroids.T).argmax(axis=1))


def test_no_cluster_is_empty_even_where_all_rows_are_equal():
    labels = kmeans(np.ones((12, 3)), 5)
    assert np.bincount(labels, minlength=5).min() >= 1
    assert labels.dtype == "int32"


def test_an_empty_cluster_takes_the_far_half_of_the_largest():
    rows = np.array([[0.0], [0.1], [0.2], [0.3], [9.0], [7.0]])
    labels = without_empty(rows, np.array([0, 0, 0, 0, 0, 2]), 3)
    assert labels.tolist() == [1, 0, 0, 0, 1, 2]


def test_whitened_rows_have_uncorrelated_components():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(500, 6)) @ rng.normal(size=(6, 6)) + 3
    white = whitened(rows, 6)
    np.testing.assert_allclose(np.linalg.norm(white, axis=1), 1, atol=1e-5)
    covariance = np.cov(white.T)
    np.testing.assert_allclose(covariance, np.eye(6) / 6, atol=0.03)
    assert np.abs(np.cov(unit_rows(rows - rows.mean(axis=0)).T) - np.eye(6) / 6).max() > 0.1
    assert (
        whitened(np.ones((5, 3))).shape == (5, 3) and np.isfinite(whitened(np.ones((5, 3)))).all()
    )


@pytest.mark.parametrize("function", [kmeans, spherical_kmeans])
def test_more_clusters_than_rows_are_refused(function):
    with pytest.raises(ValueError, match="clusters: got 5 of 4 samples; it must be at most"):
        function(np.eye(4), 5)
