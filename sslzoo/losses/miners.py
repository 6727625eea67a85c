"""Miners choose the triplets of a batch: (distances (N, N), labels (N,)) -> (d_ap, d_an, valid).

The three shapes broadcast. d_ap is the distance from an anchor to an image of its class, d_an to
one of another class. `valid` marks the triplets that exist. An anchor without a positive or without
a negative is left out.
"""

from typing import Any

from keras import ops

from sslzoo.losses.distances import off_diagonal


def batch_all(distances: Any, labels: Any) -> tuple:
    """Every triplet: (N, N, 1), (N, 1, N), (N, N, N). Hermans et al. 2017, arXiv:1703.07737.

    Example:
        >>> import numpy as np
        >>> from sslzoo.losses.miners import batch_all
        >>> d_ap, d_an, valid = batch_all(np.ones((3, 3), "float32"), np.array([0, 0, 1]))
        >>> tuple(valid.shape), int(np.sum(valid))
        ((3, 3, 3), 2)
    """
    positives, negatives = relations(labels)
    valid = positives[:, :, None] & negatives[:, None, :]  # (anchor, positive, negative)
    return distances[:, :, None], distances[:, None, :], valid


def batch_hard(distances: Any, labels: Any) -> tuple:
    """For each anchor its farthest positive and its nearest negative: (N,) three times. Hermans et
    al. 2017.

    Example:
        >>> import numpy as np
        >>> from sslzoo.losses.miners import batch_hard
        >>> d_ap, d_an, valid = batch_hard(np.ones((3, 3), "float32"), np.array([0, 0, 1]))
        >>> np.asarray(valid).tolist()
        [True, True, False]
    """
    positives, negatives = relations(labels)
    farthest = ops.max(ops.where(positives, distances, -float("inf")), axis=1)
    nearest = ops.min(ops.where(negatives, distances, float("inf")), axis=1)
    valid = ops.any(positives, axis=1) & ops.any(negatives, axis=1)
    return ops.where(valid, farthest, 0.0), ops.where(valid, nearest, 0.0), valid


def semi_hard(distances: Any, labels: Any) -> tuple:
    """For each anchor and positive the nearest negative that is farther away than the positive, or,
    where there is none, the farthest negative: (N, N) three times.

    Schroff et al. 2015, arXiv:1503.03832, section 3.2, look for it inside the margin; one outside
    makes no loss. What to do without one they leave open: the farthest is the choice of
    tensorflow-addons. Memory: (N, N, N) booleans and floats.

    Example:
        >>> import numpy as np
        >>> from sslzoo.losses.miners import semi_hard
        >>> places = np.array([0.0, 2.0, 1.0, 3.0], "float32")
        >>> distances = np.abs(places[:, None] - places)
        >>> d_ap, d_an, valid = semi_hard(distances, np.array([0, 0, 1, 2]))
        >>> float(d_ap[0, 1]), float(d_an[0, 1])
        (2.0, 3.0)
    """
    positives, negatives = relations(labels)
    # (anchor, positive, negative)
    farther = negatives[:, None, :] & (distances[:, None, :] > distances[:, :, None])
    nearest = ops.min(ops.where(farther, distances[:, None, :], float("inf")), axis=2)  # (N, N)
    farthest = ops.max(ops.where(negatives, distances, -float("inf")), axis=1)[:, None]  # (N, 1)
    valid = positives & ops.any(negatives, axis=1)[:, None]
    chosen = ops.where(ops.any(farther, axis=2), nearest, farthest)
    return distances, ops.where(valid, chosen, 0.0), valid


def relations(labels: Any) -> tuple:
    """(positives, negatives), booleans (N, N): other images of the same class, images of another
    class.

    Example:
        >>> import numpy as np
        >>> from sslzoo.losses.miners import relations
        >>> positives, negatives = relations(np.array([0, 0, 1]))
        >>> np.asarray(negatives[0]).tolist()
        [False, False, True]
    """
    same = labels[:, None] == labels[None, :]
    return same & off_diagonal(labels), ops.logical_not(same)


MINERS = {"batch_all": batch_all, "batch_hard": batch_hard, "semi_hard": semi_hard}
