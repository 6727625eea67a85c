"""Retrieval: are the nearest items of an item of its class?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt

from sslzoo.checks import refused, whole
from sslzoo.evaluate.embeddings import (
    Similarity,
    check_embedding_settings,
    comparable,
    embedding_record,
    squared_distances,
)
from sslzoo.evaluate.record import normal_interval
from sslzoo.evaluate.splits import Labelled, labelled_split

HEADLINES = [("map_at_r", "%", "mAP@R, unseen classes")]

DISTANCES = 16 * 2**20  # held at once, 4 bytes each; their order takes twice that


def retrieval(
    model: Any,
    test: Labelled,
    ranks: Sequence[PositiveInt] = (1, 5, 10),
    similarity: Similarity = "cosine",
    batch_size: PositiveInt = 256,
    baselines: bool = True,
) -> dict:
    """mAP@R and recall@k: each item of `test` asks for its class among all others.

    recall@k: the share of queries with an item of their class among the k nearest. mAP@R (Musgrave
    et al. 2020, "A Metric Learning Reality Check", arXiv:2003.08505): with R other items of the
    query's class, the mean over queries of 1/R sum_{i <= R} P(i), P(i) the precision at i if the
    i-th nearest is of the class, else 0. Items that are alone in their class are found by others
    and do not ask. Of equally near items the earlier ones count.

    Cost: one product of N x N x D, and N rows of N to order.

    Args:
        model, test, similarity, batch_size, baselines: as for `few_shot`.
        ranks: the k.

    Returns:
        The record of `sslzoo.evaluate.embeddings`: "map_at_r", "confidence_95" of it over queries,
        "recall_at_<k>".

    Raises:
        ValueError: no labels, no class with two items, a rank that is not in 1..N - 1, data of
            another kind than the model reads.

    >>> import numpy as np
    >>> embeddings, labels = np.eye(2)[[0, 1, 0, 1]], [0, 1, 0, 1]
    >>> retrieval(None, (embeddings, labels), ranks=[1])["map_at_r"]
    1.0
    """
    check_embedding_settings(model, "retrieval", similarity, batch_size)
    test = labelled_split(model, test, "test", "retrieval")
    sizes = np.bincount(test.labels)
    if sizes.max() < 2:
        raise refused("test", f"{len(test)} items of as many classes", "have two of a class")
    if not len(ranks):
        raise refused("ranks", ranks, "be one or more integers")
    for k in ranks:
        whole("ranks", k, 1, len(test) - 1)

    def measure(embeddings):
        precision, found = rank(comparable(embeddings, similarity), test.labels, max(ranks))
        recalls = {f"recall_at_{k}": float(found[:, :k].any(axis=1).mean()) for k in ranks}
        mean, interval = float(precision.mean()), normal_interval(precision)
        return {"map_at_r": mean, "confidence_95": interval, **recalls}

    settings = {
        "ranks": list(ranks),
        "similarity": similarity,
        "n_queries": int((sizes[test.labels] > 1).sum()),
        "n_classes": int((sizes > 0).sum()),
    }
    return embedding_record("retrieval", measure, model, test, settings, batch_size, baselines)


def rank(
    rows: NDArray, labels: NDArray, k: int, distances: int = DISTANCES
) -> tuple[NDArray, NDArray]:
    """How well the classes of items are found, for the Q of them that are not alone in theirs.

    Args:
        rows: (N, D), compared by the Euclidean distance. labels: (N,).
        k: how many of the nearest.
        distances: of the N x N distances, at most so many are held at a time, but never less than
            one row.

    Returns:
        The average precision at R (Q,), and whether each of the k nearest is of the class (Q, k).

    >>> precision, right = rank(np.eye(2)[[0, 1, 0]], np.array([0, 1, 0]), 1)
    >>> precision.tolist(), right.tolist()
    ([1.0, 1.0], [[True], [True]])
    """
    others = np.bincount(labels)[labels] - 1
    asking = np.flatnonzero(others > 0)
    depth = min(max(k, others.max()), len(labels) - 1)
    step = max(1, distances // len(labels))
    precisions, found = [], []
    for start in range(0, len(asking), step):
        queries = asking[start : start + step]
        right = _right(rows, labels, queries, depth)
        precisions.append(_average_precision(right, others[queries]))
        found.append(right[:, :k])
    return np.concatenate(precisions), np.concatenate(found)


def _right(rows, labels, queries, depth):
    """Whether each of the `depth` nearest others is of the query's class: (Q, depth)."""
    apart = squared_distances(rows[queries], rows)  # (Q, N)
    apart[np.arange(len(queries)), queries] = np.inf  # not the query itself
    nearest = np.argsort(apart, axis=1, kind="stable")[:, :depth]
    return labels[nearest] == labels[queries][:, None]


def _average_precision(right, others):
    """1/R sum_{i <= R} P(i) of each row: (Q,). right: (Q, depth); others: R (Q,)."""
    places = np.arange(1, right.shape[1] + 1)
    counted = right & (places <= others[:, None])
    return (counted * np.cumsum(right, axis=1) / places).sum(axis=1) / others
