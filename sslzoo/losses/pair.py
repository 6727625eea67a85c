"""The contrastive loss of pairs. Same items move together, different ones stay a margin apart."""

from typing import Any

from keras import ops

from sslzoo.checks import above, refused
from sslzoo.losses.distances import DISTANCES, named, off_diagonal
from sslzoo.losses.normalize import at_least_float32
from sslzoo.losses.reducers import mean
from sslzoo.losses.triplet import check_batch


def pair_contrastive(same: Any, distance: Any, margin: float = 1.0) -> Any:
    """Mean over pairs of same d^2 + (1 - same) max(margin - d, 0)^2.

    Hadsell, Chopra & LeCun 2006, "Dimensionality Reduction by Learning an Invariant Mapping",
    equation 4, without its factor 1/2 and with 1 for the same (there Y = 0). So is
    `tensorflow_addons.losses.ContrastiveLoss`. pytorch-metric-learning's ContrastiveLoss does not
    square.

    Args:
        same: (N,), 1 or True where both images of a pair are of one class, 0 where they are not.
        distance: (N,), >= 0, the Euclidean distance between the two embeddings. It is not a
            probability or a similarity.
        margin: > 0, in the unit of the distance.

    Returns:
        A scalar >= 0 of float32 (float64 for float64 distances).

    Raises:
        ValueError: The shapes differ, or the margin is not above 0.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> distance = np.array([0.5, 0.5], "float32")
        >>> float(losses.pair_contrastive(np.array([1, 0]), distance, margin=1.5))
        0.625
    """
    distance = at_least_float32(distance)
    same = ops.cast(same, distance.dtype)
    if len(distance.shape) != 1 or len(same.shape) != 1 or distance.shape != same.shape:
        shapes = f"shapes {tuple(same.shape)} and {tuple(distance.shape)}"
        raise refused("same and distance", shapes, "be of one shape (N,)")
    return ops.mean(pair_losses(same, distance, margin))


def pair_contrastive_batch(
    labels: Any,
    embeddings: Any,
    margin: float = 1.0,
    distance: Any = "euclidean",
    balanced: bool = False,
) -> Any:
    """`pair_contrastive` over all N (N - 1) / 2 pairs of a batch.

    Args:
        labels: (N,) integers.
        embeddings: (N, D), any float dtype.
        margin: > 0, in the unit of the distance.
        distance: as in `triplet_loss`.
        balanced: whether the same and the different pairs weigh half each, as in a sample of as
            many of both (Koch et al. 2015 draw pairs so). Of 32 classes x 4 images, 2 % of the
            pairs are the same.

    Returns:
        A scalar >= 0 of float32 (float64 for float64 inputs). A kind of pair that the batch lacks
        counts 0.

    Raises:
        ValueError: shapes other than (N,) and (N, D), a margin <= 0, an unknown distance.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> embeddings = np.array([[0.0], [1.0], [1.0]], "float32")
        >>> loss = losses.pair_contrastive_batch(np.array([0, 0, 1]), embeddings)
        >>> round(float(loss), 4)  # (1 + 0 + 1) / 3
        0.6667
    """
    labels = check_batch(labels, embeddings)
    distances = named("distance", distance, DISTANCES)(embeddings)  # (N, N)
    same = labels[:, None] == labels[None, :]
    losses = pair_losses(ops.cast(same, distances.dtype), distances, margin)
    pairs = off_diagonal(labels)  # each twice, as (i, j) and (j, i)
    if balanced:
        return (mean(losses, pairs & same) + mean(losses, pairs & ops.logical_not(same))) / 2.0
    return mean(losses, pairs)


def pair_losses(same: Any, distances: Any, margin: float) -> Any:
    """The losses of pairs one by one, any shape. Raises ValueError for a margin that is not above
    0.

    Example:
        >>> import numpy as np
        >>> from sslzoo.losses.pair import pair_losses
        >>> distances = np.array([0.5, 0.5], "float32")
        >>> np.asarray(pair_losses(np.array([1.0, 0.0], "float32"), distances, 1.0)).tolist()
        [0.25, 0.25]
    """
    above("margin", margin, 0)
    return same * ops.square(distances) + (1.0 - same) * ops.square(ops.relu(margin - distances))
