"""From the losses of many triplets or pairs to one: (losses, valid) of one shape -> a scalar; 0
where nothing is valid.
"""

from keras import ops


def mean(losses, valid):
    """The mean over all that are valid: Hermans et al. 2017's batch-hard, FaceNet,
    tensorflow-addons.
    """
    count = ops.sum(ops.cast(valid, losses.dtype))
    return ops.sum(ops.where(valid, losses, 0.0)) / ops.maximum(count, 1.0)


def nonzero_mean(losses, valid):
    """The mean over those that are not satisfied yet, loss > 1e-16 (omoindrot's batch-all;
    pytorch-metric-learning's AvgNonZeroReducer): as most triplets become easy, `mean` would wash
    the rest out.
    """
    return mean(losses, valid & (losses > 1e-16))


REDUCERS = {"mean": mean, "nonzero_mean": nonzero_mean}
