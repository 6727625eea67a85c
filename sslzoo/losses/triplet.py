"""The triplet loss: any distance, any miner, a margin or a soft one, any reducer."""

from keras import ops

from sslzoo.losses.distances import DISTANCES, named
from sslzoo.losses.miners import MINERS
from sslzoo.losses.reducers import REDUCERS, mean


def triplet_loss(labels, embeddings, miner, margin, distance, reducer):
    """The loss of a batch, and the share of its mined triplets that are active.

    For an anchor a, a positive p of its class and a negative n of another:
    max(d_ap - d_an + margin, 0), or with margin "soft" log(1 + exp(d_ap - d_an)).
    A triplet is active while d_ap - d_an + margin > 0 (soft: d_ap > d_an, it is in the wrong
    order).

    When all embeddings are alike, every loss is the margin (soft: ln 2 = .693): a loss that stays
    there is a collapse.

    Args:
        labels: (N,) integers: classes, several images of each.
        embeddings: (N, D), any float dtype; `distance` says whether their length matters.
        miner: "batch_all", "batch_hard", "semi_hard" (see `miners.py`), or a function like these.
        margin: a number above 0, or "soft".
        distance: "euclidean", "squared_euclidean", "cosine" (see `distances.py`), or a function
        like these.
        reducer: "mean", "nonzero_mean" (see `reducers.py`), or a function like these.

    Returns:
        Two scalars of float32 (float64 for float64 inputs): loss >= 0, share in [0, 1]; both 0 for
        a batch without a triplet. Under data parallelism labels and embeddings must be the global
        batch's.

    Raises:
        ValueError: shapes other than (N,) and (N, D), a margin that is neither, an unknown name.
    """
    labels = check_batch("the triplet loss", labels, embeddings)
    miner, distance, reducer = triplet_parts(miner, margin, distance, reducer)
    positive, negative, valid = miner(distance(embeddings), labels)
    order = positive - negative
    losses = ops.softplus(order) if margin == "soft" else ops.relu(order + margin)
    active = ops.cast(order + (0.0 if margin == "soft" else margin) > 0, losses.dtype)
    return reducer(losses, valid), mean(active, valid)


def triplet_batch_all(labels, embeddings, margin=1.0, distance="euclidean", reducer="nonzero_mean"):
    """Mean over the unsatisfied ones of all triplets: Hermans et al. 2017, "In Defense of the
    Triplet Loss for Person Re-Identification", arXiv:1703.07737 (batch all, "non-zero"). See
    `triplet_loss`. Memory: (N, N, N).
    """
    return triplet_loss(labels, embeddings, "batch_all", margin, distance, reducer)[0]


def triplet_batch_hard(labels, embeddings, margin=1.0, distance="euclidean", reducer="mean"):
    """Mean over anchors of their hardest triplet: Hermans et al. 2017, arXiv:1703.07737, equation
    5; they prefer the soft margin. See `triplet_loss`.

    `tensorflow_addons.losses.TripletHardLoss` 0.23 gives the same (its "L2", "squared-L2" and
    "angular" are "euclidean", "squared_euclidean" and "cosine"), but counts an anchor without a
    positive as d_ap = 0; here it stays out.
    """
    return triplet_loss(labels, embeddings, "batch_hard", margin, distance, reducer)[0]


def triplet_semi_hard(labels, embeddings, margin=1.0, distance="squared_euclidean", reducer="mean"):
    """Mean over all anchor-positive pairs, each with its semi-hard negative: Schroff et al. 2015,
    "FaceNet: A Unified Embedding for Face Recognition and Clustering", arXiv:1503.03832, there with
    embeddings of length 1 and margin 0.2. See `triplet_loss`. Memory: (N, N, N). Equals
    `tensorflow_addons.losses.TripletSemiHardLoss` 0.23 with "squared-L2".
    """
    return triplet_loss(labels, embeddings, "semi_hard", margin, distance, reducer)[0]


def check_batch(loss, labels, embeddings):
    """`labels` as a tensor. Refuses anything but (N,) and (N, D); an axis of unknown size is not
    checked.
    """
    labels, embeddings = ops.convert_to_tensor(labels), ops.convert_to_tensor(embeddings)
    rows = labels.shape[:1], embeddings.shape[:1]
    if (
        len(labels.shape) != 1
        or len(embeddings.shape) != 2
        or (None not in (*rows[0], *rows[1]) and rows[0] != rows[1])
    ):
        shapes = f"{tuple(labels.shape)} and {tuple(embeddings.shape)}"
        raise ValueError(f"{loss} needs labels (N,) and embeddings (N, D), got {shapes}.")
    return labels


def triplet_parts(miner, margin, distance, reducer):
    """The functions (miner, distance, reducer) of these names. Raises ValueError, also for a margin
    that is none.
    """
    if margin != "soft" and (isinstance(margin, str) or not margin > 0):
        raise ValueError(f"margin: need a number above 0 or 'soft', got {margin!r}.")
    return (
        named("miner", miner, MINERS),
        named("distance", distance, DISTANCES),
        named("reducer", reducer, REDUCERS),
    )
