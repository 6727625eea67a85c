"""Gradient reversal, and how its weight rises over a run (Ganin et al. 2016, "Domain-Adversarial
Training of Neural Networks", arXiv:1505.07818).
"""

from typing import Any

from keras import ops


def reverse_gradient(x: Any, weight: Any = 1.0) -> Any:
    """x itself, to the last bit, whose gradient comes back times -weight.

    What stands behind it lowers its loss, what stands before it raises that loss.

    Args:
        x: a tensor of floats.
        weight: lambda, a number or a scalar tensor, a constant for the gradient.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> float(nn.reverse_gradient(np.array(0.1, "float32"), 0.3)) == float(np.float32(0.1))
        True
    """
    constant = ops.stop_gradient(x)
    weight = ops.stop_gradient(ops.cast(weight, constant.dtype))
    return constant - weight * (x - constant)


def adversarial_ramp(progress: Any, slope: float = 10.0) -> Any:
    """2 / (1 + exp(-slope p)) - 1, from 0 at the start of a run towards 1 (section 5.2.2).

    At first the discriminator knows nothing, and its gradient is noise.

    Args:
        progress: p, the share of the run that is done, in 0..1, such as `Clock.progress()`.
        slope: gamma. The paper has 10. With the 1 of DeepDA (jindongwang/transferlearning) a run
            ends at 0.46.

    Returns:
        float32, of the shape of `progress`.

    Example:
        >>> from sslzoo import nn
        >>> [round(float(nn.adversarial_ramp(p)), 3) for p in (0.0, 0.1, 1.0)]
        [0.0, 0.462, 1.0]
    """
    return 2.0 * ops.sigmoid(slope * ops.cast(progress, "float32")) - 1.0
