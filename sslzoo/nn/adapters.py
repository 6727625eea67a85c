"""Small networks behind the blocks of a trained network, which learn in its place."""

import itertools
from typing import Any

import keras
from keras import layers

from sslzoo.checks import refused, whole
from sslzoo.nn.blocks import block_parts
from sslzoo.nn.layers import Seeds


def with_adapters(network: keras.Model, units: int, seed: int = 0) -> keras.Model:
    """A network with a bottleneck adapter behind each of its blocks.

    x + U relu(D norm(x) + d) + u, where D has `units` rows. norm is a LayerNormalization over the
    channels. U and u start at zero, so the network starts as it was. On maps, tokens and steps each
    place is adapted on its own, as by two convolutions of 1x1.

    Args:
        network: A Functional model from items to features. The result shares its weights.
        units: Width of the bottleneck.
        seed: Random seed of D.

    Raises:
        ValueError: No Functional model, or units below 1.

    Example:
        >>> from sslzoo import nn
        >>> network = nn.with_adapters(nn.backbone("micro", 8), units=2)
        >>> [layer.name for layer in network.layers if layer.name.endswith("up")]
        ['block1_adapter_up', 'features_adapter_up']
    """
    units, seeds = whole("units", units, 1), Seeds(seed)
    names, parts = block_parts(network)
    if len(network.inputs) > 1:
        raise refused("backbone", f"{len(network.inputs)} inputs", "have one input")
    x = start = keras.Input(network.input_shape[1:], dtype=network.inputs[0].dtype)
    for name, part in itertools.zip_longest(names, parts):
        x = part(x)
        x = adapted(x, f"{name}_adapter", units, seeds) if name else x
    return keras.Model(start, x, name=f"{network.name}_adapters")


def adapted(x: Any, name: str, units: int, seeds: Seeds) -> Any:
    """(N, ..., C) -> (N, ..., C): the layers of one adapter, whose names begin with `name`.

    Example:
        >>> import keras
        >>> from sslzoo.nn.adapters import adapted
        >>> from sslzoo.nn.layers import Seeds
        >>> adapted(keras.Input((5, 8)), "block1_adapter", 2, Seeds(0)).shape
        (None, 5, 8)
    """
    changed = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm")(x)
    changed = layers.Dense(units, "relu", kernel_initializer=seeds.he(), name=f"{name}_down")(
        changed
    )
    changed = layers.Dense(x.shape[-1], kernel_initializer="zeros", name=f"{name}_up")(changed)
    return layers.Add(name=f"{name}_add")([x, changed])
