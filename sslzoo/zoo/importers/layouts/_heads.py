"""Heads of dense layers, as torch's nn.Sequential numbers them."""

import re

import numpy as np

from sslzoo.zoo.importers.layout import Layout

LAYER = r"^\w+_(dense|bn)(\d+)$"
BIAS = re.compile(r"(.*\.)(\d+)\.bias$")


def head(*prefixes: str, step: int = 3) -> Layout:
    """The layout of a head.

    Args:
        prefixes: what stands before the number of a layer.
        step: layers of a hidden row: 3 with dense, BatchNorm and ReLU, 2 without BatchNorm.

    >>> head("module.predictor.").name("predictor_bn2/gamma")
    '4.weight'
    """

    def number(match):
        return str(step * (int(match[2]) - 1) + (match[1] == "bn"))

    return Layout(((LAYER, number),), prefixes)


def folded(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Biases of dense layers before a BatchNorm as a part of its mean.

    Layers before a BatchNorm have no bias here. In training its mean takes a bias away again.
    At inference the result is the same.

    >>> arrays = {"head.0.bias": np.ones(2), "head.1.running_mean": np.zeros(2)}
    >>> folded(arrays)
    {'head.1.running_mean': array([-1., -1.])}
    """
    arrays = dict(arrays)
    for name in [*arrays]:
        match = BIAS.fullmatch(name)
        mean = match and f"{match[1]}{int(match[2]) + 1}.running_mean"
        if mean in arrays and arrays[mean].shape == arrays[name].shape:
            arrays[mean] = arrays[mean] - arrays.pop(name)
    return arrays
