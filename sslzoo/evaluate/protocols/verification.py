"""Verification: are two images of the same class, by the distance of their embeddings?"""

import numpy as np
from sklearn.metrics import roc_auc_score, roc_curve

from sslzoo.evaluate.embeddings import comparable, embedding_record
from sslzoo.evaluate.features import labelled_split


def verification(
    model, test, pairs=10_000, seed=0, similarity="cosine", batch_size=256, baselines=True
):
    """Area under the ROC curve and equal error rate over pairs of images, half of them of one
    class.

    The ROC-AUC is the probability that a pair of one class is nearer than a pair of two. The equal
    error rate is where as large a share of the pairs of one class is refused as of the others
    accepted, between two thresholds linearly.

    model, test, similarity: as for `few_shot`. pairs: how many of each kind, see `draw_pairs`.
    Returns the record of `sslzoo.evaluate.embeddings`: "roc_auc", "equal_error_rate".
    ValueError: no labels, one class only, no class with two images, pairs < 1.
    """
    if pairs < 1 or pairs != int(pairs):
        raise ValueError(f"pairs must be a whole number of at least 1, got {pairs}")
    test = labelled_split(test, "test", "verification")
    first, second, same = draw_pairs(test.labels, int(pairs), seed)
    comparable(np.zeros((1, 1)), similarity)

    def measure(embeddings):
        rows = comparable(embeddings, similarity)
        near = -((rows[first] - rows[second]) ** 2).sum(axis=1)
        return {
            "roc_auc": float(roc_auc_score(same, near)),
            "equal_error_rate": equal_error_rate(same, near),
        }

    settings = {"pairs": int(pairs), "seed": seed, "similarity": similarity}
    return embedding_record("verification", measure, model, test, settings, batch_size, baselines)


def draw_pairs(labels, count, seed):
    """(first, second, same): rows of 2 * count pairs, the first half of one class each, the rest of
    two.

    first is any image (in the first half, one that is not alone in its class), second any other
    that fits; pairs may come twice. The same seed gives the same pairs on every machine.
    """
    order = np.argsort(labels, kind="stable")
    _, starts, sizes = np.unique(labels[order], return_index=True, return_counts=True)
    # of the class at each place of the order
    start, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    if len(sizes) < 2 or sizes.max() < 2:
        raise ValueError(
            f"test has {len(sizes)} classes of at most {sizes.max()} images; verification "
            "needs two of each"
        )
    rng = np.random.default_rng(seed)
    a = rng.choice(np.flatnonzero(size > 1), count)
    # round the class, not back to a
    b = start[a] + (a - start[a] + rng.integers(1, size[a])) % size[a]
    c = rng.integers(0, len(labels), count)
    # round the set, past the class
    d = (start[c] + size[c] + rng.integers(0, len(labels) - size[c])) % len(labels)
    return (
        order[np.concatenate([a, c])],
        order[np.concatenate([b, d])],
        np.repeat([True, False], count),
    )


def equal_error_rate(same, near):
    """Where the share of `same` refused meets the share of the others accepted, for "the same if
    near >= threshold".
    """
    accepted, kept, _ = roc_curve(same, near, drop_intermediate=False)
    gap = 1 - kept - accepted  # from 1 down to -1
    after = int(np.argmax(gap <= 0))
    share = gap[after - 1] / (gap[after - 1] - gap[after])
    return float(accepted[after - 1] + share * (accepted[after] - accepted[after - 1]))
