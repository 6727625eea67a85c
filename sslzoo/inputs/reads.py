"""From a network to what it reads."""

import keras

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
        ValueError: any other input.

    Example:
        >>> import keras
        >>> from sslzoo import nn
        >>> series = keras.Input((24, 6))
        >>> network = keras.Model(series, keras.layers.GRU(4)(series))
        >>> type(nn.reads(network)).__name__
        'Series'
    """
    tensors = backbone.input
    if isinstance(tensors, dict) and set(tensors) == {"nodes", "edges"}:
        (_, nodes, features), (_, edges, _) = (tensors[key].shape for key in ("nodes", "edges"))
        return Graph(nodes, features, edges)
    if not isinstance(tensors, keras.KerasTensor):
        raise ValueError(f"backbone: {backbone.name} has several inputs; one, or nodes and edges.")
    shape, integers = tensors.shape[1:], "int" in tensors.dtype
    if len(shape) == 3:
        return Images(*shape)
    if len(shape) == 2:
        return Series(*shape)
    if len(shape) == 1 and integers:
        return Tokens(shape[0], _vocabulary(backbone))
    if len(shape) == 1 and (shape[0] is None or tensors.name == "audio"):
        return Audio(shape[0])
    if len(shape) == 1:
        return Vectors(shape[0])
    raise ValueError(
        f"backbone: its input has shape {tensors.shape}; needed (N, H, W, C), (N, T, F) or (N, D)."
    )


def _vocabulary(backbone: keras.Model) -> int | None:
    """The number of tokens that the network's embedding knows."""
    sizes = [k.input_dim for k in backbone.layers if isinstance(k, keras.layers.Embedding)]
    return min(sizes, default=None)
