"""Which weights of a trained network some data needs: neuron coverage, and orders of weights."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from sslzoo.checks import refused
from sslzoo.nn.blocks import walked
from sslzoo.nn.low_rank import CHANGED


class Coverage(NamedTuple):
    """How often the neurons on both sides of a layer are covered.

    inputs: counts (I,). outputs: counts (O,).

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.coverage import Coverage
        >>> int(Coverage(np.array([3, 0]), np.array([5])).inputs.sum())
        3
    """

    inputs: Any
    outputs: Any


def kernel_layers(network: keras.Model) -> list[layers.Layer]:
    """The dense layers and convolutions of a network, in their order. Depthwise and transposed ones
    are none.

    Raises:
        ValueError: No Functional model, or none of these layers.

    Example:
        >>> from sslzoo import nn
        >>> [layer.name for layer in nn.kernel_layers(nn.backbone("micro", 8))]
        ['block1_conv', 'block2_conv']
    """
    found = _kernel_layers(walked(network))
    if not found:
        raise refused("backbone", network.name, "have dense layers or convolutions")
    return found


def covered(x: Any, threshold: float = 0.5) -> Any:
    """Which neurons an item covers: booleans (N, C) of the activations (N, ..., C) of a layer.

    All activations of an item are scaled to 0..1. A neuron is a channel. It is covered where its
    mean over the places of the map is above the threshold (Pei et al. 2017, "DeepXplore",
    arXiv:1705.06640).

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> np.asarray(nn.covered(np.array([[-1.0, 2.0, 3.0], [5.0, 5.0, 5.0]]))).tolist()
        [[False, True, True], [False, False, False]]
    """
    x = ops.cast(x, "float32")
    axes = tuple(range(1, len(x.shape)))
    low, high = (extreme(x, axis=axes, keepdims=True) for extreme in (ops.min, ops.max))
    scaled = ops.divide_no_nan(x - low, high - low)
    return ops.mean(scaled, axis=axes[:-1]) > threshold if axes[:-1] else scaled > threshold


def coverage_graph(network: keras.Model, threshold: float = 0.5) -> Callable:
    """A function: what the network reads -> a `Coverage` of each of `nn.kernel_layers(network)`,
    the numbers of items that cover a neuron.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> counts = nn.coverage_graph(nn.backbone("micro", 8))(np.ones((5, 8, 8, 3), "float32"))
        >>> [(len(each.inputs), len(each.outputs)) for each in counts]
        [(3, 8), (8, 16)]
    """
    walk = walked(network)
    steps = [step for step in walk.steps if type(step.operation) in CHANGED]
    probe = keras.Model(walk.input, [(step.inputs[0], step.outputs[0]) for step in steps])

    def count(x):
        totals = {id(layer): Coverage(0, 0) for layer in _kernel_layers(walk)}
        for step, pair in zip(steps, probe(x, training=False), strict=True):
            former = totals[id(step.operation)]  # not 0 of a layer that is used twice
            own = [_counts(side, step.operation, threshold) for side in pair]
            totals[id(step.operation)] = Coverage(former.inputs + own[0], former.outputs + own[1])
        return list(totals.values())

    return count


def _kernel_layers(walk):
    layers_by_id = {id(step.operation): step.operation for step in walk.steps}
    return [layer for layer in layers_by_id.values() if type(layer) in CHANGED]


def _counts(x, layer, threshold):
    if getattr(layer, "data_format", None) == "channels_first":
        x = ops.moveaxis(x, 1, -1)
    return ops.sum(ops.cast(covered(x, threshold), "int32"), axis=0)


def relevance(kernels: Sequence[NDArray], coverages: Sequence[Coverage]) -> list[NDArray[np.int64]]:
    """rank of the coverage - rank of |w|, of each weight: low where a weight is large and what it
    connects is seldom covered.

    The coverage of a weight is that of its input plus that of its output, and the same for all
    places of a window. Both ranks are over all weights of all kernels. That of the coverage goes on
    by the size of the window, so both have one scale. Equal ones are ranked in their order.

    Args:
        kernels: (*window, I, O). Of a convolution in groups, I is the inputs of a group.
        coverages: of each.

    Returns:
        Integers of the kernels' shapes.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> from sslzoo.nn.coverage import Coverage
        >>> kernel = np.array([[3.0, -1.0], [2.0, -4.0]])
        >>> nn.relevance([kernel], [Coverage(np.array([5, 0]), np.array([1, 0]))])[0].tolist()
        [[1, 2], [0, -3]]
    """
    edges = [edge_coverage(*pair).ravel() for pair in zip(kernels, coverages, strict=True)]
    windows = [math.prod(kernel.shape[:-2]) for kernel in kernels]
    sizes = np.repeat(windows, [len(each) for each in edges])
    order = np.argsort(np.concatenate(edges), kind="stable")
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.cumsum(sizes[order]) - sizes[order]
    by_size = magnitude(kernels)
    parts = np.split(ranks, np.cumsum([len(each) for each in edges])[:-1])
    pairs = zip(parts, by_size, strict=True)
    return [part.reshape(own.shape[-2:]) - own for part, own in pairs]


def magnitude(kernels: Sequence[NDArray]) -> list[NDArray[np.int64]]:
    """The rank of |w| among all weights of all kernels, from 0 for the smallest.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> [each.tolist() for each in nn.magnitude([np.array([[3.0, -1.0]]), np.array([[-2.0]])])]
        [[[2, 0]], [[1]]]
    """
    sizes = np.abs(np.concatenate([kernel.ravel() for kernel in kernels]))
    ranks = np.empty(len(sizes), np.int64)
    ranks[np.argsort(sizes, kind="stable")] = np.arange(len(sizes))
    return _like(ranks, kernels)


def lowest(scores: Sequence[NDArray], share: float) -> list[NDArray[np.bool_]]:
    """Which entries are the lowest of all arrays together: `share` of them, rounded down.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> [each.tolist() for each in nn.lowest([np.array([3, 0]), np.array([1, 2])], 0.5)]
        [[False, True], [True, False]]
    """
    values = np.concatenate([each.ravel() for each in scores])
    chosen = np.zeros(len(values), bool)
    chosen[np.argsort(values, kind="stable")[: int(share * len(values))]] = True
    return _like(chosen, scores)


def edge_coverage(kernel: NDArray, coverage: Coverage) -> NDArray:
    """The coverage of the input plus that of the output, (I, O), of each connection of a layer.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.coverage import Coverage, edge_coverage
        >>> counts = Coverage(np.array([5, 0]), np.array([1, 0]))
        >>> edge_coverage(np.zeros((3, 3, 2, 2)), counts).tolist()
        [[6, 5], [1, 0]]
    """
    inputs, outputs = (np.asarray(side) for side in coverage)
    groups = len(inputs) // kernel.shape[-2]
    of_group = np.repeat(inputs.reshape(groups, -1), len(outputs) // groups, axis=0)  # (O, I)
    return of_group.T + outputs


def _like(values, arrays):
    """Values in a row -> arrays of these shapes."""
    parts = np.split(values, np.cumsum([array.size for array in arrays])[:-1])
    return [part.reshape(array.shape) for part, array in zip(parts, arrays, strict=True)]
