"""Which triplets of a batch count: (distances (N, N), labels (N,)) -> (d_ap, d_an, valid) of shapes
that broadcast.

d_ap is the distance of an anchor to an image of its own class, d_an to one of another class;
`valid` says where there are both. An anchor without a positive has no d_ap, not one of 0: it stays
out, as does one without a negative.
"""

from keras import ops

from sslzoo.losses.distances import off_diagonal


def batch_all(distances, labels):
    """Every triplet: (N, N, 1), (N, 1, N), (N, N, N). Hermans et al. 2017, arXiv:1703.07737."""
    positives, negatives = relations(labels)
    return (
        distances[:, :, None],
        distances[:, None, :],
        positives[:, :, None] & negatives[:, None, :],
    )


def batch_hard(distances, labels):
    """For each anchor its farthest positive and its nearest negative: (N,) three times. Hermans et
    al. 2017.
    """
    positives, negatives = relations(labels)
    farthest = ops.max(ops.where(positives, distances, -float("inf")), axis=1)
    nearest = ops.min(ops.where(negatives, distances, float("inf")), axis=1)
    valid = ops.any(positives, axis=1) & ops.any(negatives, axis=1)
    return ops.where(valid, farthest, 0.0), ops.where(valid, nearest, 0.0), valid


def semi_hard(distances, labels):
    """For each anchor and positive the nearest negative that is farther away than the positive, or,
    where there is none,
    the farthest negative: (N, N) three times.

    Schroff et al. 2015, arXiv:1503.03832, section 3.2, look for it inside the margin; one outside
    makes no loss. What to
    do without one they leave open: the farthest is the choice of tensorflow-addons. Memory: (N, N,
    N) booleans and floats.
    """
    positives, negatives = relations(labels)
    farther = negatives[:, None, :] & (distances[:, None, :] > distances[:, :, None])
    nearest = ops.min(ops.where(farther, distances[:, None, :], float("inf")), axis=2)
    farthest = ops.max(ops.where(negatives, distances, -float("inf")), axis=1)[:, None]
    valid = positives & ops.any(negatives, axis=1)[:, None]
    chosen = ops.where(ops.any(farther, axis=2), nearest, farthest)
    return distances, ops.where(valid, chosen, 0.0), valid


def relations(labels):
    """(positives, negatives), each (N, N): other images of the same class, images of another
    class.
    """
    same = labels[:, None] == labels[None, :]
    return same & off_diagonal(labels), ops.logical_not(same)


MINERS = {"batch_all": batch_all, "batch_hard": batch_hard, "semi_hard": semi_hard}
