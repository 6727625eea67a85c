"""k-means and what it needs, on the host: rows are NumPy arrays (N, D)."""

import importlib.util

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import refused
from sslzoo.rows import unit_rows

LEAST_VARIANCE = 1e-8  # of a component, as a share of the largest: below is rounding
CHUNK = 8192  # rows compared with all centroids at once


def whitened(rows: NDArray, components: int = 256, seed: int = 0) -> NDArray:
    """Rows on their principal components, each of variance 1, then scaled to length 1.

    DeepCluster's preparation of features (facebookresearch/deepcluster, clustering.py). Directions
    in which nothing varies are left out, so that rounding is not blown up.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.kmeans import whitened
        >>> rows = np.random.default_rng(0).normal(size=(20, 3)) * [1, 100, 1]
        >>> bool(np.abs(whitened(rows, 2)).max() <= 1)
        True
    """
    from sklearn.decomposition import PCA

    rows = np.asarray(rows, "float32")
    if (rows == rows[0]).all():
        return np.zeros_like(rows)  # no direction at all
    pca = PCA(min(components, *rows.shape), whiten=True, random_state=seed)
    found = pca.fit_transform(rows)
    variances = pca.explained_variance_
    return unit_rows(found[:, variances > LEAST_VARIANCE * variances[0]])


def kmeans(rows: NDArray, clusters: int, iterations: int = 20, seed: int = 0) -> NDArray[np.int32]:
    """The cluster of each row (N,), none of them empty: k-means of FAISS where it is installed,
    and of scikit-learn otherwise. It begins at rows drawn at random.

    Raises:
        ValueError: More clusters than rows.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.kmeans import kmeans
        >>> labels = kmeans(np.array([[0.0], [0.1], [5.0], [5.1]]), 2)
        >>> bool(labels[0] == labels[1] != labels[2] == labels[3])
        True
    """
    _check(rows, clusters)
    rows = np.ascontiguousarray(rows, "float32")
    run = _faiss if importlib.util.find_spec("faiss") else _sklearn
    return without_empty(rows, run(rows, clusters, iterations, seed), clusters)


def _sklearn(rows, clusters, iterations, seed):
    import warnings

    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    found = KMeans(clusters, init="random", n_init=1, max_iter=iterations, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # equal rows: `without_empty` follows
        return found.fit_predict(rows)


def _faiss(rows, clusters, iterations, seed):
    import faiss

    found = faiss.Kmeans(rows.shape[1], clusters, niter=iterations, seed=seed)
    found.cp.min_points_per_centroid = 1
    found.cp.max_points_per_centroid = len(rows)
    found.train(rows)
    return found.index.search(rows, 1)[1][:, 0]


def without_empty(rows: NDArray, labels: NDArray, clusters: int) -> NDArray[np.int32]:
    """Labels with no empty cluster: each takes from the largest cluster the half of its rows that
    are farthest from its center.

    Caron et al. 2018, arXiv:1807.05520, section 3.3, split a cluster as well.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.kmeans import without_empty
        >>> without_empty(np.array([[0.0], [0.1], [0.2], [9.0]]), np.zeros(4, int), 2).tolist()
        [1, 0, 0, 1]
    """
    labels = np.array(labels, "int32")
    counts = np.bincount(labels, minlength=clusters)
    for empty in np.flatnonzero(counts == 0):
        largest = counts.argmax()
        members = np.flatnonzero(labels == largest)
        center = rows[members].mean(axis=0)
        nearest_first = np.square(rows[members] - center).sum(axis=1).argsort(kind="stable")
        moved = members[nearest_first[(len(members) + 1) // 2 :]]
        labels[moved] = empty
        counts[largest] -= len(moved)
        counts[empty] = len(moved)
    return labels


def spherical_kmeans(
    rows: NDArray, clusters: int, iterations: int = 10, seed: int = 0
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """k-means by cosine similarity, of rows of length 1. It begins at rows drawn at random. The
    centroid of an empty cluster stays where it is (facebookresearch/swav, main_deepclusterv2.py).

    Returns:
        The cluster of each row (N,), and the centroids (K, D) of length 1.

    Raises:
        ValueError: More clusters than rows.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.kmeans import spherical_kmeans
        >>> rows = np.array([[1.0, 0.0], [0.0, 1.0]])
        >>> labels, centroids = spherical_kmeans(rows, 2)
        >>> bool((centroids[labels] == rows).all())
        True
    """
    from scipy.sparse import csr_matrix

    _check(rows, clusters)
    rows = np.asarray(rows, "float32")
    count = len(rows)
    first = np.random.default_rng(seed).choice(count, clusters, replace=False)
    centroids = rows[np.sort(first)]
    for _ in range(iterations):
        labels = _most_similar(rows, centroids)
        members = csr_matrix((np.ones(count), (labels, np.arange(count))), (clusters, count))
        sums = members @ rows  # (K, D)
        filled = np.bincount(labels, minlength=clusters) > 0
        centroids[filled] = unit_rows(sums[filled])
    return _most_similar(rows, centroids), centroids


def _most_similar(rows, centroids):
    """The centroid of the largest inner product with each row, int32 (N,)."""
    parts = np.split(rows, range(CHUNK, len(rows), CHUNK))
    return np.concatenate([(part @ centroids.T).argmax(axis=1) for part in parts]).astype("int32")


def _check(rows, clusters):
    if clusters > len(rows):
        raise refused("clusters", f"{clusters} of {len(rows)} samples", "be at most the samples")
