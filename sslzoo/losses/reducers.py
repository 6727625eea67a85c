"""Reducers turn many losses into one: (losses, valid) of one shape -> a scalar. It is 0 where
nothing is valid.
"""

from typing import Any

from keras import ops


def mean(losses: Any, valid: Any) -> Any:
    """The mean over all that are valid: Hermans et al. 2017's batch-hard, FaceNet,
    tensorflow-addons.

    Args:
        losses: floats of any shape.
        valid: booleans of the same shape.

    Example:
        >>> import numpy as np
        >>> from sslzoo.losses.reducers import mean
        >>> float(mean(np.array([1.0, 3.0, 9.0], "float32"), np.array([True, True, False])))
        2.0
    """
    count = ops.sum(ops.cast(valid, losses.dtype))
    return ops.sum(ops.where(valid, losses, 0.0)) / ops.maximum(count, 1.0)


def nonzero_mean(losses: Any, valid: Any) -> Any:
    """The mean over those that are not satisfied yet, loss > 1e-16.

    omoindrot's batch-all; pytorch-metric-learning's AvgNonZeroReducer. As most triplets become
    easy, `mean` would wash the rest out.

    Args:
        losses: floats of any shape.
        valid: booleans of the same shape.

    Example:
        >>> import numpy as np
        >>> from sslzoo.losses.reducers import nonzero_mean
        >>> float(nonzero_mean(np.array([0.0, 3.0], "float32"), np.array([True, True])))
        3.0
    """
    return mean(losses, valid & (losses > 1e-16))


REDUCERS = {"mean": mean, "nonzero_mean": nonzero_mean}
