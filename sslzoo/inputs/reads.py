"""From a network to what it reads."""

import keras

from sslzoo.checks import refused
from sslzoo.inputs.audio import Audio
from sslzoo.inputs.base import Input
from sslzoo.inputs.graph import Graph
from sslzoo.inputs.images import Images
from sslzoo.inputs.series import Series
from sslzoo.inputs.tokens import Tokens
from sslzoo.inputs.vectors import Vectors


def reads(backbone: keras.Model) -> Input:
    """What a Functional network reads, told by the rank and dtype of its input.

    | input of the network | kind |
    |---|---|
    | (N, H, W, C) | `Images` |
    | (N, T, F) | `Series` |
    | (N, L) of integers | `Tokens`; the vocabulary is that of its `Embedding` |
    | (N, D) | `Vectors`; `Audio` where the input is named "audio" or has any length |
    | {"nodes": (G, N, F), "edges": (G, E, 2)} | `Graph` |

    Raises:
        ValueError: any other input, an open number of features or channels, or a network that is
            not Functional.

    Example:
        >>> import keras
        >>> from sslzoo import nn
        >>> series = keras.Input((24, 6))
        >>> network = keras.Model(series, keras.layers.GRU(4)(series))
        >>> type(nn.reads(network)).__name__
        'Series'
    """
    tensors = getattr(backbone, "input", None)  # a Sequential has none before it is called
    if tensors is None:
        needed = "be Functional, such as keras.Model(network.inputs[0], network.outputs[0])"
        raise refused("backbone", f"a {type(backbone).__name__}", needed)
    if isinstance(tensors, dict) and set(tensors) == {"nodes", "edges"}:
        _, nodes, features = tensors["nodes"].shape
        return Graph(nodes, _fixed(features, tensors["nodes"]), tensors["edges"].shape[1])
    if not isinstance(tensors, keras.KerasTensor):
        needed = "have one input, or a dict of nodes and edges"
        raise refused("backbone", f"a {type(tensors).__name__} of inputs", needed)
    shape, integers = tensors.shape[1:], "int" in tensors.dtype
    if len(shape) in (2, 3):
        if len(shape) == 2:
            return Series(shape[0], _fixed(shape[1], tensors))
        layers = getattr(backbone, "layers", [])
        reading = next((k.reading for k in layers if hasattr(k, "reading")), {})
        return Images(*shape[:2], _fixed(shape[2], tensors), **reading)
    if len(shape) == 1 and integers:
        return Tokens(shape[0], _vocabulary(backbone))
    if len(shape) == 1 and (shape[0] is None or tensors.name == "audio"):
        return Audio(shape[0])
    if len(shape) == 1:
        return Vectors(shape[0])
    got = f"an input of shape {tensors.shape}"
    raise refused("backbone", got, "read (N, H, W, C), (N, T, F) or (N, D)")


def _fixed(count: int | None, tensor: keras.KerasTensor) -> int:
    """The number of features or channels, which no network leaves open."""
    if count is None:
        got = f"an input of shape {tensor.shape}"
        raise refused("backbone", got, "have a number in its last axis")
    return count


def _vocabulary(backbone: keras.Model) -> int | None:
    """The number of tokens that the network's embedding knows."""
    sizes = [k.input_dim for k in backbone.layers if isinstance(k, keras.layers.Embedding)]
    return min(sizes, default=None)
