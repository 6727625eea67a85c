"""Losses between a prediction and a target, without negatives."""

from typing import Any

from keras import ops

from sslzoo.losses.normalize import check_pairs, l2_normalize


def negative_cosine(p: Any, z: Any) -> Any:
    """Mean of -cos(p_i, z_i) over the batch: SimSiam (Chen & He 2021, arXiv:2011.10566, equation
    1).

    BYOL's regression loss (Grill et al. 2020, arXiv:2006.07733, equation 2) is |p/|p| - z/|z||^2 =
    2 - 2 cos. That is 2 + 2 * negative_cosine(p, z) for each direction.

    There is no stop-gradient in here. A method that needs one puts `keras.ops.stop_gradient` on
    `z`, where its reader sees it.

    Args:
        p: (N, D) predictions, any float dtype, of any length: they are normalized here.
        z: (N, D) targets, row for row.

    Returns:
        A scalar in [-1, 1] of float32 (float64 for float64 inputs). It is -1 when every pair points
        the same way.

    Raises:
        ValueError: shapes other than (N, D) twice.

    Example:
        >>> import numpy as np
        >>> from sslzoo import losses
        >>> p, z = np.array([[3.0, 0.0]], "float32"), np.array([[5.0, 0.0]], "float32")
        >>> round(float(losses.negative_cosine(p, z)), 4)
        -1.0
    """
    p, z = l2_normalize(p), l2_normalize(z)
    check_pairs("p and z", p, z)
    return -ops.mean(ops.sum(p * z, axis=-1))
