"""Weighted nearest neighbours: the protocol that has nothing to tune and needs no training."""

import numpy as np

from sslzoo.evaluate.features import features, labelled_splits
from sslzoo.evaluate.record import evaluate_with_baselines

# Similarities held at once, 4 bytes each; what follows them (a partitioned copy, a mask) makes
# about 2.3 times as much.
SIMILARITIES = 16 * 2**20


def knn(model, train, test, k=200, temperature=0.1, batch_size=256, baselines=True):
    """Accuracy of the weighted k-nearest-neighbour vote on frozen features.

    Wu et al. 2018, "Unsupervised Feature Learning via Non-Parametric Instance Discrimination",
    arXiv:1805.01978: k 200, there T .07; T .1 is lightly's for ResNets. Features are L2-normalised,
    the k training images most similar by cosine vote with exp(similarity / T), the votes are summed
    per class. Of equally similar images the earlier ones count, of equally voted classes the lower
    one wins.

    model: anything with `.encode(images, batch_size) -> (N, D)`, or None if the images are features
    (N, D) already.
    train, test: `sslzoo.data.Dataset` or (images, labels), labels (N,) integers. k is cut to
    len(train). Cost of 10,000 x 50,000 on two busy cores: 7 s and 130 MiB beside the features at 64
    dimensions; raw pixels of 32 x 32 x 3 take about a minute, nearly all of it one float32 matrix
    product, and 750 MiB for the pixels themselves. Returns the record of `sslzoo.evaluate.record`.
    ValueError: no labels, nothing to evaluate, labels that do not match, k < 1, temperature <= 0.
    """
    if k < 1 or k != int(k):
        raise ValueError(f"k must be a whole number of at least 1, got {k}")
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, got {temperature}")
    train, test = labelled_splits(train, test, "knn")
    used = min(int(k), len(train.labels))

    def predict(encoder):
        bank, queries = (
            features(encoder, train.images, batch_size),
            features(encoder, test.images, batch_size),
        )
        found = knn_predict(bank, train.labels, queries, used, temperature)
        return found, {"feature_dim": bank.shape[1]}

    settings = {
        "k": used,
        "k_requested": int(k),
        "temperature": float(temperature),
        "similarity": "cosine",
    }
    return evaluate_with_baselines("knn", predict, model, train, test, settings, baselines)


def knn_predict(bank, labels, queries, k, temperature, similarities=SIMILARITIES):
    """Labels (Q,) that the k most similar of bank (N, D) with labels (N,) vote for queries (Q, D);
    1 <= k <= N.

    At most `similarities` of the Q x N cosines (never less than one row) are held at a time.
    """
    classes, votes_for = np.unique(labels, return_inverse=True)
    bank, queries = _unit(bank).T, _unit(queries)
    rows = max(1, similarities // bank.shape[1])
    chunks = [queries[start : start + rows] for start in range(0, len(queries), rows)]
    return np.concatenate(
        [classes[_vote(chunk @ bank, votes_for, k, temperature)] for chunk in chunks]
    )


def _vote(similarity, votes_for, k, temperature):
    nth = similarity.shape[1] - k
    threshold = np.partition(similarity, nth, axis=1)[:, nth]
    row, column = np.nonzero(similarity >= threshold[:, None])
    chosen = similarity[row, column]
    # Ties at the threshold leave more than k: keep what is above it, then the first of the tied.
    tied = chosen == threshold[row]
    above = np.bincount(row[~tied], minlength=len(similarity))
    rank_among_tied = (
        np.cumsum(tied) - np.concatenate([[0], np.cumsum(np.bincount(row[tied]))])[row]
    )
    keep = ~tied | (rank_among_tied <= (k - above)[row])
    row, column, chosen = row[keep], column[keep], chosen[keep].astype("float64")
    # Relative to the best, or exp(1 / .001) overflows; the winner is the same.
    weight = np.exp((chosen - similarity.max(axis=1)[row]) / temperature)
    shape = len(similarity), votes_for.max() + 1
    votes = np.bincount(row * shape[1] + votes_for[column], weight, minlength=shape[0] * shape[1])
    return votes.reshape(shape).argmax(axis=1)


def _unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
