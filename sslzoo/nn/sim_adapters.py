"""Adapters of several languages behind each block of a network, and an attention over them."""

import itertools
from typing import Any

import keras
from keras import layers, ops

from sslzoo.checks import refused, whole
from sslzoo.nn.adapters import adapted
from sslzoo.nn.blocks import block_parts
from sslzoo.nn.layers import Seeds


@keras.saving.register_keras_serializable("sslzoo")
class AdapterAttention(layers.Layer):
    """[x, a_1 .. a_K], each (N, ..., C) -> [sum over k of p_k W_V a_k, p], of which the first is
    (N, ..., C), and the second (N, K) is the mean of p over the places of an item.

    p_k = softmax over k of (W_Q x + b_Q) . W_K a_k. There is no square root of C: the codes have a
    temperature of 1. Their bias of the keys cancels in the softmax. W_V starts as the identity.

    Args:
        seed: Random seed of W_Q and W_K.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.sim_adapters import AdapterAttention
        >>> x = np.ones((2, 5, 4), "float32")
        >>> mixed, attention = AdapterAttention()([x, x, x])
        >>> tuple(mixed.shape), [round(float(p), 2) for p in attention[0]]
        ((2, 5, 4), [0.5, 0.5])
    """

    def __init__(self, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed

    def build(self, input_shape: list) -> None:
        channels, seeds = input_shape[0][-1], Seeds(self.seed)
        shape = (channels, channels)
        self.query = self.add_weight(shape, seeds.glorot(), name="query")
        self.query_bias = self.add_weight((channels,), "zeros", name="query_bias")
        self.key = self.add_weight(shape, seeds.glorot(), name="key")
        self.value = self.add_weight(shape, "identity", name="value")

    def call(self, inputs: list) -> list:
        x, *outputs = inputs
        query = ops.matmul(x, self.query) + self.query_bias  # (N, ..., C)
        keys = [ops.matmul(a, self.key) for a in outputs]
        scores = ops.stack([ops.sum(query * key, axis=-1) for key in keys], axis=-1)
        attention = ops.softmax(ops.cast(scores, "float32"), axis=-1)  # (N, ..., K)
        shares = ops.cast(attention, x.dtype)
        mixed = sum(shares[..., k : k + 1] * a for k, a in enumerate(outputs))
        places = tuple(range(1, len(x.shape) - 1))
        attention = ops.mean(attention, axis=places) if places else attention
        return [ops.matmul(mixed, self.value), attention]

    def compute_output_shape(self, input_shape: list) -> list:
        return [tuple(input_shape[0]), (input_shape[0][0], len(input_shape) - 1)]

    def get_config(self) -> dict:
        return super().get_config() | {"seed": self.seed}


def with_sim_adapters(
    network: keras.Model, units: int, languages: int, seed: int = 0
) -> keras.Model:
    """A network with the adapters of `languages` languages behind each of its blocks, and an
    attention over what they give: SimAdapter (Hou et al. 2021, arXiv:2105.11905).

    An adapter keeps what it reads: a_k = x + U_k relu(D_k norm(x) + d_k) + u_k. So where all
    languages have the same adapters, it starts as the network with one of them. The codes add the
    normalized input of a block's MLP too, which only a Transformer has.

    Args:
        network: A Functional model from items to features. The result shares its weights.
        units: Width of the adapters.
        languages: K, at least 2.
        seed: Random seed.

    Returns:
        A model from items to [features (N, D), the attention (N, K) of each block].

    Raises:
        ValueError: No Functional model, units below 1, or fewer than two languages.

    Example:
        >>> from sslzoo import nn
        >>> network = nn.with_sim_adapters(nn.backbone("micro", 8), units=2, languages=3)
        >>> network.output_shape
        [(None, 16), (None, 3), (None, 3)]
    """
    units, seeds = whole("units", units, 1), Seeds(seed)
    whole("languages", languages, 2)
    names, parts = block_parts(network)
    if len(network.inputs) > 1:
        raise refused("backbone", f"{len(network.inputs)} inputs", "have one input")
    x = start = keras.Input(network.input_shape[1:], dtype=network.inputs[0].dtype)
    attentions = []
    for number, (name, part) in enumerate(itertools.zip_longest(names, parts)):
        x = part(x)
        if name:
            each = [adapted(x, f"{name}_adapter{k}", units, seeds) for k in range(languages)]
            attend = AdapterAttention(seed + number, name=f"{name}_attention")
            x, attention = attend([x, *each])
            attentions.append(attention)
    return keras.Model(start, [x, *attentions], name=f"{network.name}_sim_adapters")
