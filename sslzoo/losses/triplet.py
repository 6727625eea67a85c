"""The triplet loss, with any distance, miner, margin and reducer."""

from collections.abc import Callable
from typing import Any, NamedTuple

from keras import ops

from sslzoo.checks import above, refused
from sslzoo.losses.distances import DISTANCES, named
from sslzoo.losses.miners import MINERS
from sslzoo.losses.reducers import REDUCERS, mean


def triplet_loss(
    labels: Any, embeddings: Any, miner: Any, margin: float | str, distance: Any, reducer: Any
) -> tuple:
    """The loss of a batch, and the share of its mined triplets that are active.

    For an anchor a, a positive p of its class and a negative n of another:
    max(d_ap - d_an + margin, 0), or with margin "soft" log(1 + exp(d_ap - d_an)).
    A triplet is active while d_ap - d_an + margin > 0 (soft: d_ap > d_an, it is in the wrong
    order).

    If all embeddings are alike, every loss is the margin, or ln 2 = 0.693 if it is soft. A loss
    that stays there is a collapse. Under data parallelism, labels and embeddings must be those of
    the global batch.

    Args:
        labels: (N,) integers, the classes. Each needs several images.
        embeddings: (N, D), any float dtype; `distance` says whether their length matters.
        miner: "batch_all", "batch_hard", "semi_hard" (see `miners.py`), or a function like these.
        margin: A number above 0, or "soft".
        distance: "euclidean", "squared_euclidean", "cosine" (see `distances.py`), or a function
            like these.
        reducer: "mean", "nonzero_mean" (see `reducers.py`), or a function like these.

    Returns:
        Two scalars of float32, or of float64 for float64 inputs: the loss >= 0 and the share in [0,
        1]. Both are 0 for a batch without a triplet.

    Raises:
        ValueError: shapes other than (N,) and (N, D), a margin that is neither, an unknown name.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> embeddings = np.array([[0.0], [1.0], [1.5]], "float32")
        >>> loss, active = losses.triplet_loss(
        ...     np.array([0, 0, 1]), embeddings, "batch_hard", 1.0, "euclidean", "mean")
        >>> float(loss), float(active)  # 1 - 1.5 + 1 and 1 - 0.5 + 1
        (1.0, 1.0)
    """
    labels = check_batch(labels, embeddings)
    parts = triplet_parts(miner, margin, distance, reducer)
    *distances, valid = parts.miner(parts.distance(embeddings), labels)
    positive, negative = distances
    order = positive - negative
    soft = margin == "soft"
    losses = ops.softplus(order) if soft else ops.relu(order + margin)
    active = ops.cast(order + (0.0 if soft else margin) > 0, losses.dtype)
    return parts.reducer(losses, valid), mean(active, valid)


def triplet_batch_all(
    labels: Any,
    embeddings: Any,
    margin: float | str = 1.0,
    distance: Any = "euclidean",
    reducer: Any = "nonzero_mean",
) -> Any:
    """Mean over the unsatisfied ones of all triplets.

    Hermans et al. 2017, "In Defense of the Triplet Loss for Person Re-Identification",
    arXiv:1703.07737 (batch all, "non-zero"). Arguments as `triplet_loss`. Memory: (N, N, N).

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> embeddings = np.array([[0.0], [1.0], [1.5]], "float32")
        >>> float(losses.triplet_batch_all(np.array([0, 0, 1]), embeddings))
        1.0
    """
    return triplet_loss(labels, embeddings, "batch_all", margin, distance, reducer)[0]


def triplet_batch_hard(
    labels: Any,
    embeddings: Any,
    margin: float | str = 1.0,
    distance: Any = "euclidean",
    reducer: Any = "mean",
) -> Any:
    """Mean over anchors of their hardest triplet.

    Hermans et al. 2017, arXiv:1703.07737, equation 5; they prefer the soft margin. Arguments as
    `triplet_loss`.

    `tensorflow_addons.losses.TripletHardLoss` 0.23 gives the same (its "L2", "squared-L2" and
    "angular" are "euclidean", "squared_euclidean" and "cosine"), but counts an anchor without a
    positive as d_ap = 0. Here it stays out.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> alike = np.ones((3, 2), "float32")
        >>> round(float(losses.triplet_batch_hard(np.array([0, 0, 1]), alike, "soft")), 4)  # ln 2
        0.6931
    """
    return triplet_loss(labels, embeddings, "batch_hard", margin, distance, reducer)[0]


def triplet_semi_hard(
    labels: Any,
    embeddings: Any,
    margin: float | str = 1.0,
    distance: Any = "squared_euclidean",
    reducer: Any = "mean",
) -> Any:
    """Mean over all anchor-positive pairs, each with its semi-hard negative.

    Schroff et al. 2015, "FaceNet: A Unified Embedding for Face Recognition and Clustering",
    arXiv:1503.03832, there with embeddings of length 1 and margin 0.2. Equals
    `tensorflow_addons.losses.TripletSemiHardLoss` 0.23 with "squared-L2". Arguments as
    `triplet_loss`. Memory: (N, N, N).

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> embeddings = np.array([[0.0], [1.0], [2.0]], "float32")
        >>> float(losses.triplet_semi_hard(np.array([0, 0, 1]), embeddings))
        0.5
    """
    return triplet_loss(labels, embeddings, "semi_hard", margin, distance, reducer)[0]


def check_batch(labels: Any, embeddings: Any) -> Any:
    """`labels` as a tensor. An axis of unknown size is not checked.

    Raises:
        ValueError: anything but labels (N,) and embeddings (N, D).

    Example:
        >>> import numpy as np
        >>> from sslzoo.losses.triplet import check_batch
        >>> tuple(check_batch(np.array([0, 1]), np.ones((2, 8))).shape)
        (2,)
    """
    labels, embeddings = ops.convert_to_tensor(labels), ops.convert_to_tensor(embeddings)
    fits = len(labels.shape) == 1 and len(embeddings.shape) == 2
    if fits:
        sizes = (labels.shape[0], embeddings.shape[0])
        fits = None in sizes or sizes[0] == sizes[1]
    if not fits:
        shapes = f"shapes {tuple(labels.shape)} and {tuple(embeddings.shape)}"
        raise refused("labels and embeddings", shapes, "be (N,) and (N, D)")
    return labels


class TripletParts(NamedTuple):
    """The functions that a triplet loss is put together from.

    Example:
        >>> from sslzoo import losses
        >>> losses.triplet_parts("semi_hard", "soft", "cosine", "mean").miner.__name__
        'semi_hard'
    """

    miner: Callable
    distance: Callable
    reducer: Callable


def triplet_parts(miner: Any, margin: float | str, distance: Any, reducer: Any) -> TripletParts:
    """The functions (miner, distance, reducer) of these names.

    Raises:
        ValueError: an unknown name, or a margin that is neither "soft" nor above 0.

    Example:
        >>> from sslzoo import losses
        >>> [part.__name__ for part in losses.triplet_parts("batch_hard", 0.2, "cosine", "mean")]
        ['batch_hard', 'cosine', 'mean']
    """
    if isinstance(margin, str) and margin != "soft":
        raise refused("margin", repr(margin), "be a number above 0, or 'soft'")
    if margin != "soft":
        above("margin", margin, 0)
    return TripletParts(
        named("miner", miner, MINERS),
        named("distance", distance, DISTANCES),
        named("reducer", reducer, REDUCERS),
    )
