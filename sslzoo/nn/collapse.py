"""Measures of collapse, and of how features are spread."""

from typing import Any

import numpy as np
from keras import ops

from sslzoo.rows import unit_rows


def feature_std(features: Any) -> Any:
    """Spread of features (N, D): the standard deviation over N of the L2-normalized rows, averaged
    over D, times sqrt(D).

    1 for rows spread evenly over the sphere, 0 for identical rows (lightly's
    `std_of_l2_normalized`, times sqrt(D)).

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> round(float(nn.feature_std(np.ones((4, 2), "float32"))), 3)
        0.0
    """
    features = ops.normalize(ops.cast(features, "float32"), axis=-1)
    return ops.mean(ops.std(features, axis=0)) * features.shape[-1] ** 0.5


def effective_rank(features: Any) -> float:
    """exp(entropy) of the normalized singular values of the centered rows of (N, D).

    Roy & Vetterli 2007. From 1 (a line) to D. A constant has no direction at all: 0. Of features
    that are not finite: NaN.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> line = np.outer(np.arange(4.0), [1.0, 2.0])
        >>> round(nn.effective_rank(line), 3)
        1.0
    """
    features = np.asarray(features, "float64")
    if not np.isfinite(features).all():
        return float("nan")
    values = np.linalg.svd(features - features.mean(axis=0), compute_uv=False)
    scale = np.abs(features).max(initial=0.0) * len(features) ** 0.5
    if values.sum() <= 1e-6 * scale:
        return 0.0
    p = values / values.sum()
    return float(np.exp(-(p * np.log(p + 1e-12)).sum()))


def alignment(first: Any, second: Any) -> float:
    """Mean squared distance of the features (N, D) of two views of the same items, at length 1
    (Wang & Isola 2020, arXiv:2005.10242, equation 1, alpha 2). 0 is best.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> nn.alignment(np.eye(2), 3 * np.eye(2))
        0.0
    """
    first, second = (unit_rows(np.asarray(rows, "float64")) for rows in (first, second))
    return float(np.square(first - second).sum(axis=1).mean())


def uniformity(features: Any) -> float:
    """log of the mean over pairs of exp(-2 d^2), d the distance of two rows of (N, D) at length 1
    (Wang & Isola 2020, equation 2, t 2). 0 for a constant; -4 and less for an even spread.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> abs(round(nn.uniformity(np.ones((3, 2))), 6))
        0.0
    """
    rows = unit_rows(np.asarray(features, "float64"))
    above = np.triu_indices(len(rows), 1)
    squares = np.maximum(2 - 2 * (rows @ rows.T)[above], 0.0)
    return float(np.log(np.exp(-2 * squares).mean()))
