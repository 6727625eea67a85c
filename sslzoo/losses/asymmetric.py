"""Losses between a prediction and a target, without negatives."""

from keras import ops

from sslzoo.losses.normalize import check_pairs, l2_normalize


def negative_cosine(p, z):
    """Mean of -cos(p_i, z_i) over the batch: SimSiam (Chen & He 2021, arXiv:2011.10566, equation
    1).

    BYOL's regression loss (Grill et al. 2020, arXiv:2006.07733, equation 2), |p/|p| - z/|z||^2 = 2
    - 2 cos, is 2 + 2 * negative_cosine(p, z) for each direction.

    There is no stop-gradient in here: the method that needs one puts `keras.ops.stop_gradient` on
    `z`, where a reader of the method sees it.

    Args:
        p: (N, D) predictions, any float dtype, of any length: they are normalised here.
        z: (N, D) targets, row for row.

    Returns:
        A scalar in [-1, 1] of float32 (float64 for float64 inputs), -1 when every pair points the
        same way.

    Raises:
        ValueError: shapes other than (N, D) twice.
    """
    p, z = l2_normalize(p), l2_normalize(z)
    check_pairs("negative_cosine", "p and z", p, z)
    return -ops.mean(ops.sum(p * z, axis=-1))
