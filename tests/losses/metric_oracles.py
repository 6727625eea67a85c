"""Naive loops over the triplets and pairs of a batch in float64, the oracles of the metric losses;
and batches for them.

The flags make the classical mistakes, so that tests can show that they would be noticed.
"""

import math

import numpy as np

DISTANCES = {
    "squared_euclidean": lambda u, v: float(sum((u - v) ** 2)),
    "euclidean": lambda u, v: math.sqrt(sum((u - v) ** 2)),
    "cosine": lambda u, v: 1 - float(u @ v) / math.sqrt((u @ u) * (v @ v)),
}


def pairwise(embeddings, distance):
    x = np.asarray(embeddings, "float64")
    return [
        [0.0 if i == j else DISTANCES[distance](x[i], x[j]) for j in range(len(x))]
        for i in range(len(x))
    ]


def triplets(d, labels, miner, lonely_anchors=False):
    """[(d_ap, d_an)] of the mined triplets."""
    everyone = range(len(labels))
    found = []
    for a in everyone:
        positives = [p for p in everyone if p != a and labels[p] == labels[a]]
        negatives = [n for n in everyone if labels[n] != labels[a]]
        if miner == "batch_all":
            found += [(d[a][p], d[a][n]) for p in positives for n in negatives]
        elif miner == "batch_hard" and negatives and (positives or lonely_anchors):
            found.append(
                (max((d[a][p] for p in positives), default=0.0), min(d[a][n] for n in negatives))
            )
        elif miner == "semi_hard" and negatives:
            for p in positives:
                farther = [d[a][n] for n in negatives if d[a][n] > d[a][p]]
                found.append(
                    (d[a][p], min(farther) if farther else max(d[a][n] for n in negatives))
                )
    return found


def triplet(labels, embeddings, miner, margin, distance, reducer, lonely_anchors=False):
    """(loss, share of active triplets)."""
    found = triplets(pairwise(embeddings, distance), labels, miner, lonely_anchors)
    if margin == "soft":
        losses, active = (
            [math.log(1 + math.exp(p - n)) for p, n in found],
            [p > n for p, n in found],
        )
    else:
        losses = [max(p - n + margin, 0.0) for p, n in found]
        active = [loss > 0 for loss in losses]
    counted = [loss for loss in losses if loss > 0] if reducer == "nonzero_mean" else losses
    return sum(counted) / max(len(counted), 1), sum(active) / max(len(active), 1)


def pairs(labels, embeddings, margin, distance, balanced=False):
    d = pairwise(embeddings, distance)
    same, different = [], []
    for i in range(len(labels)):
        for j in range(i):
            if labels[i] == labels[j]:
                same.append(d[i][j] ** 2)
            else:
                different.append(max(margin - d[i][j], 0.0) ** 2)
    if balanced:
        return (sum(same) / max(len(same), 1) + sum(different) / max(len(different), 1)) / 2
    return sum(same + different) / len(same + different)


def batch(n, classes=4, dimensions=6, seed=0, noise=0.7):
    """(labels, embeddings): noisy class centers far from the origin; the last image is the only one
    of its class.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    labels[-1] = classes
    centers = rng.normal(size=(classes + 1, dimensions)) + 3
    return labels, (centers[labels] + noise * rng.normal(size=(n, dimensions))).astype("float32")
