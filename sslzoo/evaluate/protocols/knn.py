"""Weighted nearest neighbors: the protocol that has nothing to tune and needs no training."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt

from sslzoo.checks import above, whole
from sslzoo.evaluate.encoders import encoded
from sslzoo.evaluate.record import evaluate_with_baselines
from sslzoo.evaluate.splits import Labelled, labelled_splits, needs

HEADLINES = [("accuracy", "%", "kNN, k {k}")]

# Similarities held at once, 4 bytes each; what follows them (a partitioned copy, a mask) makes
# about 2.3 times as much.
SIMILARITIES = 16 * 2**20


def knn(
    model: Any,
    train: Labelled,
    test: Labelled,
    k: PositiveInt = 200,
    temperature: PositiveFloat = 0.1,
    batch_size: PositiveInt = 256,
    baselines: bool = True,
) -> dict:
    """Accuracy of the weighted k-nearest-neighbor vote on frozen features.

    Wu et al. 2018, "Unsupervised Feature Learning via Non-Parametric Instance Discrimination",
    arXiv:1805.01978: k 200, there T .07; T .1 is lightly's for ResNets. Features are L2-normalised,
    the k training items most similar by cosine vote with exp(similarity / T), the votes are summed
    per class. Of equally similar items the earlier ones count, of equally voted classes the lower
    one wins.

    Cost of 10,000 x 50,000 on two busy cores: 7 s and 130 MiB beside the features at 64 dimensions;
    raw pixels of 32 x 32 x 3 take about a minute, nearly all of it one float32 matrix product, and
    750 MiB for the pixels themselves.

    Args:
        model: anything with `.encode(items, batch_size) -> (N, D)`. None: the items are features
            (N, D) already.
        train, test: `sslzoo.data.Dataset` or (items, labels), labels (N,) integers.
        k: neighbors that vote; at most len(train) do.
        temperature: T.
        batch_size: items a chunk of the encoding.
        baselines: measure an untrained model and raw pixels (or values) too.

    Returns:
        The record of `sslzoo.evaluate.record`.

    Raises:
        ValueError: no labels, nothing to evaluate, labels that do not match, data of another kind
            than the model reads, a setting out of range.

    >>> import numpy as np
    >>> features, labels = np.eye(4), [0, 1, 0, 1]
    >>> knn(None, (features, labels), (features, labels), k=1)["accuracy"]
    1.0
    """
    whole("k", k, 1)
    above("temperature", temperature, 0)
    whole("batch_size", batch_size, 1)
    if model is not None:
        needs(model, "knn", "encode")
    train, test = labelled_splits(model, train, test, "knn")
    used = min(int(k), len(train))

    def predict(encoder):
        bank = encoded(encoder, train.inputs, batch_size)
        queries = encoded(encoder, test.inputs, batch_size)
        labels = knn_predict(bank, train.labels, queries, used, temperature)
        return labels, {"feature_dim": bank.shape[1]}

    settings = {
        "k": used,
        "k_requested": int(k),
        "temperature": float(temperature),
        "similarity": "cosine",
    }
    return evaluate_with_baselines("knn", predict, model, train, test, settings, baselines)


def knn_predict(
    bank: NDArray,
    labels: NDArray,
    queries: NDArray,
    k: int,
    temperature: float,
    similarities: int = SIMILARITIES,
) -> NDArray:
    """The labels (Q,) that the k most similar rows vote for.

    Args:
        bank: (N, D), with labels (N,). queries: (Q, D).
        k: 1..N.
        similarities: of the Q x N cosines, at most so many are held at a time, but never less than
            one row.

    >>> knn_predict(np.eye(2), np.array([3, 5]), np.array([[0.1, 1.0]]), 1, 0.1)
    array([5])
    """
    classes, votes_for = np.unique(labels, return_inverse=True)
    bank, queries = _unit(bank).T, _unit(queries)  # (D, N), (Q, D)
    rows = max(1, similarities // bank.shape[1])
    chunks = [queries[start : start + rows] for start in range(0, len(queries), rows)]
    votes = [_vote(chunk @ bank, votes_for, k, temperature) for chunk in chunks]
    return classes[np.concatenate(votes)]


def _vote(similarity, votes_for, k, temperature):
    """The class number (Q,) with most votes, of similarities (Q, N) and class numbers (N,)."""
    row, column = _nearest(similarity, k)  # (Q * k,)
    chosen = similarity[row, column].astype("float64")
    # Relative to the best, or exp(1 / .001) overflows; the winner is the same.
    weight = np.exp((chosen - similarity.max(axis=1)[row]) / temperature)
    n, classes = len(similarity), votes_for.max() + 1
    votes = np.bincount(row * classes + votes_for[column], weight, minlength=n * classes)
    return votes.reshape(n, classes).argmax(axis=1)


def _nearest(similarity, k):
    """(row, column) of the k largest of each row, row by row."""
    nth = similarity.shape[1] - k
    threshold = np.partition(similarity, nth, axis=1)[:, nth]
    row, column = np.nonzero(similarity >= threshold[:, None])
    # Ties at the threshold leave more than k: keep what is above it, then the first of the tied.
    tied = similarity[row, column] == threshold[row]
    above_it = np.bincount(row[~tied], minlength=len(similarity))
    tied_before = np.concatenate([[0], np.cumsum(np.bincount(row[tied]))])[row]
    rank_among_tied = np.cumsum(tied) - tied_before
    keep = ~tied | (rank_among_tied <= (k - above_it)[row])
    return row[keep], column[keep]


def _unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
