"""Retrieval: are the nearest images of an image of its class?"""

import numpy as np

from sslzoo.evaluate.embeddings import (
    comparable,
    embedding_record,
    normal_interval,
    squared_distances,
)
from sslzoo.evaluate.features import labelled_split

DISTANCES = 16 * 2**20  # held at once, 4 bytes each; their order takes twice that


def retrieval(model, test, ranks=(1, 5, 10), similarity="cosine", batch_size=256, baselines=True):
    """mAP@R and recall@k: each image of `test` asks for its class among all others.

    recall@k: the share of queries with an image of their class among the k nearest. mAP@R (Musgrave
    et al. 2020, "A Metric Learning Reality Check", arXiv:2003.08505): with R other images of the
    query's class, the mean over queries of 1/R sum_{i <= R} P(i), P(i) the precision at i if the
    i-th nearest is of the class, else 0. Images that are alone in their class are found by others
    and do not ask. Of equally near images the earlier ones count.

    model, test, similarity: as for `few_shot`. ranks: the k. Cost: one product of N x N x D, and N
    rows of N to order. Returns the record of `sslzoo.evaluate.embeddings`: "map_at_r",
    "confidence_95" of it over queries, "recall_at_<k>". ValueError: no labels, no class with two
    images, a rank that is not in 1..N - 1.
    """
    test = labelled_split(test, "test", "retrieval")
    sizes = np.bincount(test.labels)
    if sizes.max() < 2:
        raise ValueError(
            f"test has {len(test.labels)} images of as many classes; retrieval needs two of a class"
        )
    for k in ranks:
        if k != int(k) or not 1 <= k < len(test.labels):
            raise ValueError(f"ranks must be whole numbers in 1..{len(test.labels) - 1}, got {k}")
    comparable(np.zeros((1, 1)), similarity)

    def measure(embeddings):
        precision, found = rank(comparable(embeddings, similarity), test.labels, max(ranks))
        recalls = {f"recall_at_{k}": float(found[:, :k].any(axis=1).mean()) for k in ranks}
        return {
            "map_at_r": float(precision.mean()),
            "confidence_95": normal_interval(precision),
            **recalls,
        }

    settings = {
        "ranks": list(ranks),
        "similarity": similarity,
        "n_queries": int((sizes[test.labels] > 1).sum()),
    }
    settings |= {"n_classes": int((sizes > 0).sum())}
    return embedding_record("retrieval", measure, model, test, settings, batch_size, baselines)


def rank(rows, labels, k, distances=DISTANCES):
    """(average precision at R (Q,), whether each of the k nearest is of the class (Q, k)) of the Q
    rows of (N, D) that are not alone in their class. At most `distances` of the N x N distances
    (never less than one row) are held at a time.
    """
    others = np.bincount(labels)[labels] - 1
    asking = np.flatnonzero(others > 0)
    depth = min(max(k, others.max()), len(labels) - 1)
    step = max(1, distances // len(labels))
    parts = []
    for start in range(0, len(asking), step):
        queries = asking[start : start + step]
        apart = squared_distances(rows[queries], rows)
        apart[np.arange(len(queries)), queries] = np.inf  # not the query itself
        nearest = np.argsort(apart, axis=1, kind="stable")[:, :depth]
        right = labels[nearest] == labels[queries][:, None]
        places = np.arange(1, depth + 1)
        counted = right & (places <= others[queries][:, None])
        precision = (counted * np.cumsum(right, axis=1) / places).sum(axis=1) / others[queries]
        parts.append((precision, right[:, :k]))
    return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))
