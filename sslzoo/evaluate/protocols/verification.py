"""Verification: does the distance of two embeddings tell whether their classes are the same?"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeInt, PositiveInt

from sslzoo.checks import refused, whole
from sslzoo.evaluate.embeddings import (
    Similarity,
    check_embedding_settings,
    comparable,
    embedding_record,
)
from sslzoo.evaluate.splits import Labeled, labeled_split

HEADLINES = [("roc_auc", "%", "ROC-AUC of pairs, unseen classes")]


class Pairs(NamedTuple):
    """Pairs of rows of a data set: `first` and `second` (N,), and whether they are of one class.

    >>> Pairs(np.array([0]), np.array([1]), np.array([True])).same
    array([ True])
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    same: NDArray[np.bool_]


def verification(
    model: Any,
    test: Labeled,
    pairs: PositiveInt = 10_000,
    seed: NonNegativeInt = 0,
    similarity: Similarity = "cosine",
    batch_size: PositiveInt = 256,
    baselines: bool = True,
    dry_run: bool = False,
) -> dict:
    """Area under the ROC curve and equal error rate over pairs of items.

    Half of the pairs have one class.

    The ROC-AUC is the probability that a pair of one class is nearer than a pair of two. The equal
    error rate is where as large a share of the pairs of one class is refused as of the others
    accepted, between two thresholds linearly.

    Args:
        model, test, similarity, batch_size, baselines: As for `few_shot`.
        pairs: Number of pairs of each kind. See `draw_pairs`.
        seed: Random seed of the pairs.
        dry_run: Check the arguments, measure nothing, and return {}.

    Returns:
        The record of `sslzoo.evaluate.embeddings`: "roc_auc", "equal_error_rate".

    Raises:
        ValueError: no labels, one class only, no class with two items, pairs < 1, data of another
            kind than the model reads.

    >>> import numpy as np
    >>> embeddings, labels = np.eye(2)[[0, 1, 0, 1]], [0, 1, 0, 1]
    >>> verification(None, (embeddings, labels), pairs=5)["roc_auc"]
    1.0
    """
    whole("pairs", pairs, 1)
    whole("seed", seed, 0)
    check_embedding_settings(model, "verification", similarity, batch_size)
    test = labeled_split(model, test, "test", "verification")
    drawn = draw_pairs(test.labels, int(pairs), seed)
    if dry_run:
        return {}

    def measure(embeddings):
        from sklearn.metrics import roc_auc_score

        rows = comparable(embeddings, similarity)
        near = -((rows[drawn.first] - rows[drawn.second]) ** 2).sum(axis=1)  # (pairs,)
        area = float(roc_auc_score(drawn.same, near))
        return {"roc_auc": area, "equal_error_rate": equal_error_rate(drawn.same, near)}

    settings = {"pairs": int(pairs), "seed": seed, "similarity": similarity}
    return embedding_record("verification", measure, model, test, settings, batch_size, baselines)


def draw_pairs(labels: NDArray, count: int, seed: int) -> Pairs:
    """2 * count pairs, the first half of one class each, the rest of two.

    The first of a pair is any item (in the first half, one that is not alone in its class), the
    second any other that fits; pairs may come twice. The same seed gives the same pairs on every
    machine.

    Raises:
        ValueError: one class only, or no class with two items.

    >>> pairs = draw_pairs(np.array([0, 0, 1]), 2, seed=0)
    >>> pairs.same.tolist()
    [True, True, False, False]
    """
    order = np.argsort(labels, kind="stable")
    sizes = np.unique(labels, return_counts=True)[1]
    if len(sizes) < 2 or sizes.max() < 2:
        got = f"{len(sizes)} classes of at most {sizes.max()} items"
        raise refused("test", got, "have two classes, one of them with two items")
    # Of the class at each place of the order: where it starts, and how many items it has.
    start, size = np.repeat(np.cumsum(sizes) - sizes, sizes), np.repeat(sizes, sizes)
    rng = np.random.default_rng(seed)
    a = rng.choice(np.flatnonzero(size > 1), count)
    # Round the class, not back to a.
    b = start[a] + (a - start[a] + rng.integers(1, size[a])) % size[a]
    c = rng.integers(0, len(labels), count)
    # Round the set, past the class.
    d = (start[c] + size[c] + rng.integers(0, len(labels) - size[c])) % len(labels)
    first, second = order[np.concatenate([a, c])], order[np.concatenate([b, d])]
    return Pairs(first, second, np.repeat([True, False], count))


def equal_error_rate(same: NDArray, near: NDArray) -> float:
    """Where the share of `same` refused meets the share of the others accepted, for "the same if
    near >= threshold".

    Args:
        same: booleans (N,). near: (N,), the larger the nearer.

    >>> equal_error_rate(np.array([True, False]), np.array([1.0, 0.0]))
    0.0
    """
    from sklearn.metrics import roc_curve

    accepted, kept = roc_curve(same, near, drop_intermediate=False)[:2]
    gap = 1 - kept - accepted  # from 1 down to -1
    after = int(np.argmax(gap <= 0))
    share = gap[after - 1] / (gap[after - 1] - gap[after])
    return float(accepted[after - 1] + share * (accepted[after] - accepted[after - 1]))
