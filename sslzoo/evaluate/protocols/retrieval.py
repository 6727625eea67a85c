"""Retrieval: do the nearest items have the same class?"""

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
)
from sslzoo.evaluate.nearest import nearest, without
from sslzoo.evaluate.record import normal_interval
from sslzoo.evaluate.splits import Labeled, labeled_split

HEADLINES = [("map_at_r", "%", "mAP@R, unseen classes")]


def retrieval(
    model: Any,
    test: Labeled,
    ranks: Sequence[PositiveInt] = (1, 5, 10),
    similarity: Similarity = "cosine",
    batch_size: PositiveInt = 256,
    baselines: bool = True,
    dry_run: bool = False,
) -> dict:
    """mAP@R and recall@k, where each item of `test` is a query for its class among all others.

    recall@k: the share of queries with an item of their class among the k nearest. mAP@R (Musgrave
    et al. 2020, "A Metric Learning Reality Check", arXiv:2003.08505): with R other items of the
    query's class, the mean over queries of 1/R sum_{i <= R} P(i), P(i) the precision at i if the
    i-th nearest is of the class, else 0. Items that are alone in their class are found by others
    and do not ask.

    Cost: one product of N x N x D. Of each query only the R or k nearest are kept and ordered.

    Args:
        model, test, similarity, batch_size, baselines: As for `few_shot`.
        ranks: The values of k.
        dry_run: Check the arguments, measure nothing, and return {}.

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
    test = labeled_split(model, test, "test", "retrieval")
    sizes = np.unique(test.labels, return_counts=True)[1]
    if sizes.max() < 2:
        raise refused("test", f"{len(test)} items of as many classes", "have two of a class")
    if not len(ranks):
        raise refused("ranks", ranks, "be one or more integers")
    for k in ranks:
        whole("ranks", k, 1, len(test) - 1)
    if dry_run:
        return {}

    def measure(embeddings):
        precision, found = rank(comparable(embeddings, similarity), test.labels, max(ranks))
        recalls = {f"recall_at_{k}": float(found[:, :k].any(axis=1).mean()) for k in ranks}
        mean, interval = float(precision.mean()), normal_interval(precision)
        return {"map_at_r": mean, "confidence_95": interval, **recalls}

    settings = {
        "ranks": list(ranks),
        "similarity": similarity,
        "n_queries": int(sizes[sizes > 1].sum()),
        "n_classes": len(sizes),
    }
    return embedding_record("retrieval", measure, model, test, settings, batch_size, baselines)


def rank(rows: NDArray, labels: NDArray, k: int) -> tuple[NDArray, NDArray]:
    """How well the classes of items are found, for the Q of them that are not alone in theirs.

    Args:
        rows: (N, D), compared by the Euclidean distance. labels: (N,).
        k: how many of the nearest.

    Returns:
        The average precision at R (Q,), and whether each of the k nearest is of the class (Q, k).

    >>> precision, right = rank(np.eye(2)[[0, 1, 0]], np.array([0, 1, 0]), 1)
    >>> precision.tolist(), right.tolist()
    ([1.0, 1.0], [[True], [True]])
    """
    _, numbers, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    others = sizes[numbers] - 1  # R of each item
    asking = np.flatnonzero(others > 0)
    depth = min(max(k, others.max()), len(labels) - 1)
    precisions, found = [], []
    start = 0
    for _, near in nearest(rows, rows[asking], depth + 1):  # one of them is the query itself
        queries = asking[start : start + len(near)]
        start += len(near)
        near = near[without(near, queries)].reshape(len(near), depth)
        right = labels[near] == labels[queries][:, None]  # (q, depth)
        precisions.append(_average_precision(right, others[queries]))
        found.append(right[:, :k].copy())
    return np.concatenate(precisions), np.concatenate(found)


def _average_precision(right, others):
    """1/R sum_{i <= R} P(i) of each row: (Q,). right: (Q, depth); others: R (Q,)."""
    places = np.arange(1, right.shape[1] + 1)
    counted = right & (places <= others[:, None])
    return (counted * np.cumsum(right, axis=1) / places).sum(axis=1) / others
