"""Several views in one forward pass."""

from collections.abc import Callable, Sequence

from keras import ops


def one_pass(function: Callable, views: Sequence) -> list:
    """What `function` makes of each view, computed at once, so that BatchNorm sees all of them
    together.

    Args:
        function: A function of tensors (N, ...), row for row.
        views: tensors (N_i, ...), of equal shape but for the batch axis.

    Returns:
        One result (N_i, ...) for each view.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> views = [np.ones((2, 4), "float32"), np.zeros((3, 4), "float32")]
        >>> head = nn.head(4, [(5, "batch", None)], "head")
        >>> [tuple(part.shape) for part in nn.one_pass(head, views)]
        [(2, 5), (3, 5)]
    """
    outputs = function(ops.concatenate(views, axis=0))  # (sum of N_i, ...)
    parts, start = [], 0
    for view in views:
        end = start + ops.shape(view)[0]
        parts.append(outputs[start:end])
        start = end
    return parts
