"""Bounds of the mutual information between vectors and the places of maps, and of sequences."""

import math
from typing import Any

from keras import ops

from sslzoo.checks import above, refused
from sslzoo.losses.normalize import at_least_float32

NEVER = -1e30  # a score that counts for nothing; finite, so that gradients are


def place_scores(vectors: Any, places: Any) -> Any:
    """The products of all vectors with all places of all items.

    Args:
        vectors: (N, D), one of each item, any float dtype.
        places: (N, L, D), the L places of each item.

    Returns:
        (N, N, L) of at least float32. Scores of an item's own places are on the diagonal.

    Raises:
        ValueError: other shapes.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> scores = losses.place_scores(np.eye(2), np.ones((2, 3, 2)))
        >>> tuple(scores.shape)
        (2, 2, 3)
    """
    vectors, places = at_least_float32(vectors), at_least_float32(places)
    if len(vectors.shape) != 2 or len(places.shape) != 3 or vectors.shape[-1] != places.shape[-1]:
        shapes = f"shapes {tuple(vectors.shape)} and {tuple(places.shape)}"
        raise refused("vectors and places", shapes, "be of shapes (N, D) and (N, L, D)")
    flat = ops.reshape(places, (-1, places.shape[-1]))  # (N * L, D)
    scores = ops.matmul(vectors, ops.transpose(flat))
    count = ops.shape(vectors)[0]
    return ops.reshape(scores, (count, -1, places.shape[1]))


def jsd_places(scores: Any) -> Any:
    """The Jensen-Shannon estimator of Deep InfoMax (Hjelm et al. 2019, arXiv:1808.06670, equation
    4), negated.

    With u_ijl the score of vector i and place l of item j:
    loss = mean_il softplus(-u_iil) + mean_{i != j, l} softplus(u_ijl) - 2 log 2.
    The constant is that of the official code (rdevon/DIM, functions/gan_losses.py): the loss is 0
    where all scores are.

    Args:
        scores: (N, N, L) of `place_scores`, of at least 2 items.

    Returns:
        A scalar of at least float32, above -2 log 2.

    Raises:
        ValueError: another rank, or one item, which has no other to be told from.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> float(losses.jsd_places(np.zeros((2, 2, 3), "float32")))
        0.0
    """
    scores, own = _checked(scores)
    count = ops.cast(ops.shape(scores)[0], scores.dtype)
    alike = ops.mean(ops.where(own, ops.softplus(-scores), 0.0)) * count  # 1 of N pairs
    others = ops.mean(ops.where(own, 0.0, ops.softplus(scores))) * count / (count - 1)
    return alike + others - 2 * math.log(2)


def info_nce_places(scores: Any) -> Any:
    """InfoNCE between vectors and places, as Deep InfoMax and AMDIM have it (Bachman et al. 2019,
    arXiv:1906.00910, equation 2).

    With u_ijl the score of vector i and place l of item j:
    loss = -mean_il log( exp u_iil / (exp u_iil + sum_{j != i, m} exp u_ijm) ).
    The other places of item i are neither positive nor negative there.

    Args:
        scores: (N, N, L) of `place_scores`, of at least 2 items, divided by a temperature or
            clipped as the method says.

    Returns:
        A scalar >= 0 of at least float32.

    Raises:
        ValueError: another rank, or one item.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> scores = np.zeros((2, 2, 3), "float32")
        >>> round(float(losses.info_nce_places(scores)), 4)  # log 4
        1.3863
    """
    scores, own = _checked(scores)
    others = ops.logsumexp(ops.where(own, NEVER, scores), axis=(1, 2))  # (N,)
    positive = ops.sum(ops.where(own, scores, 0.0), axis=1)  # (N, L)
    return ops.mean(ops.logaddexp(positive, others[:, None]) - positive)


def clip_scores(scores: Any, limit: float = 20.0) -> Any:
    """Scores brought softly into -limit..limit: limit * tanh(scores / limit), as AMDIM does.

    Raises:
        ValueError: a limit that is not above 0.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> float(losses.clip_scores(np.float32(1e4)))
        20.0
    """
    above("limit", limit, 0)
    return limit * ops.tanh(at_least_float32(scores) / limit)


def predictive_info_nce(predictions: Any, targets: Any, candidates: Any, same: Any) -> Any:
    """InfoNCE of contrastive predictive coding (Oord et al. 2018, arXiv:1807.03748, equation 4).

    With s(a, b) the product:
    loss_i = -log( exp s(p_i, t_i) / (exp s(p_i, t_i) + sum_{k not i's own} exp s(p_i, c_k)) );
    loss = mean of loss_i. Nothing is normalized: the log-bilinear model of the paper.

    Args:
        predictions: (Q, D), any float dtype.
        targets: (Q, D), what was to be predicted, row for row.
        candidates: (M, D), the negatives.
        same: (Q, M), true where candidate k is the target of row i, which is then no negative.

    Returns:
        A scalar >= 0 of at least float32. Memory: one (Q, M) matrix.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> rows = np.zeros((4, 2), "float32")
        >>> loss = losses.predictive_info_nce(rows, rows, rows, np.eye(4, dtype="bool"))
        >>> round(float(loss), 4)  # log 4
        1.3863
    """
    predictions, targets = at_least_float32(predictions), at_least_float32(targets)
    positive = ops.sum(predictions * targets, axis=1)  # (Q,)
    scores = ops.matmul(predictions, ops.transpose(ops.cast(candidates, predictions.dtype)))
    others = ops.logsumexp(ops.where(same, NEVER, scores), axis=1)
    return ops.mean(ops.logaddexp(positive, others) - positive)


def _checked(scores: Any) -> tuple[Any, Any]:
    """(scores, where they are of an item's own places (N, N, 1))."""
    scores = at_least_float32(scores)
    if len(scores.shape) != 3 or scores.shape[0] == 1:
        needed = "be (N, N, L) of at least 2 items"
        raise refused("scores", f"shape {tuple(scores.shape)}", needed)
    return scores, ops.eye(ops.shape(scores)[0], dtype="bool")[:, :, None]
