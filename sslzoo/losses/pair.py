"""The contrastive loss of pairs: what is the same comes together, what is not stays a margin
apart.
"""

from keras import ops

from sslzoo.losses.distances import DISTANCES, named, off_diagonal
from sslzoo.losses.normalize import at_least_float32
from sslzoo.losses.reducers import mean
from sslzoo.losses.triplet import check_batch


def pair_contrastive(same, distance, margin=1.0):
    """Mean over pairs of same d^2 + (1 - same) max(margin - d, 0)^2.

    Hadsell, Chopra & LeCun 2006, "Dimensionality Reduction by Learning an Invariant Mapping",
    equation 4, without its factor 1/2 and with 1 for the same (there Y = 0); so is
    `tensorflow_addons.losses.ContrastiveLoss`. pytorch-metric-learning's ContrastiveLoss does not
    square.

    Args:
        same: (N,), 1 or True where both images of a pair are of one class, 0 where they are not.
        distance: (N,), >= 0, a Euclidean distance between the two embeddings: no probability, no
        similarity.
        margin: > 0, in the unit of the distance.

    Returns:
        A scalar >= 0 of float32 (float64 for float64 distances).

    Raises:
        ValueError: two shapes, or a margin <= 0.
    """
    distance = at_least_float32(distance)
    same = ops.cast(same, distance.dtype)
    if len(distance.shape) != 1 or len(same.shape) != 1 or distance.shape != same.shape:
        shapes = f"{tuple(same.shape)} and {tuple(distance.shape)}"
        raise ValueError(
            f"pair_contrastive needs same and distance of one shape (N,), got {shapes}."
        )
    return ops.mean(pair_losses(same, distance, margin))


def pair_contrastive_batch(labels, embeddings, margin=1.0, distance="euclidean", balanced=False):
    """`pair_contrastive` over all N (N - 1) / 2 pairs of a batch.

    Args:
        labels: (N,) integers.
        embeddings: (N, D), any float dtype.
        margin: > 0, in the unit of the distance.
        distance: as in `triplet_loss`.
        balanced: the same and the different pairs weigh half each, as in a sample of as many of
            both (Koch et al. 2015 draw pairs so); of 32 classes x 4 images, 2 % of the pairs are
            the same.

    Returns:
        A scalar >= 0 of float32 (float64 for float64 inputs); a kind of pair that the batch lacks
        counts 0.

    Raises:
        ValueError: shapes other than (N,) and (N, D), a margin <= 0, an unknown distance.
    """
    labels = check_batch("pair_contrastive_batch", labels, embeddings)
    distances = named("distance", distance, DISTANCES)(embeddings)
    same = labels[:, None] == labels[None, :]
    losses = pair_losses(ops.cast(same, distances.dtype), distances, margin)
    pairs = off_diagonal(labels)  # each twice, as (i, j) and (j, i)
    if balanced:
        return (mean(losses, pairs & same) + mean(losses, pairs & ops.logical_not(same))) / 2.0
    return mean(losses, pairs)


def pair_losses(same, distances, margin):
    """The losses of pairs one by one, any shape."""
    if not margin > 0:
        raise ValueError(f"margin: need a number above 0, got {margin!r}.")
    return same * ops.square(distances) + (1.0 - same) * ops.square(ops.relu(margin - distances))
