"""Recurrent networks: series (N, T, F) -> features (N, D), the state after the last step."""

import re
from collections.abc import Sequence

import keras
from keras import layers

from sslzoo.nn.heads import head
from sslzoo.nn.layers import Seeds


def gru(
    name: str,
    steps: int | None = 24,
    features: int = 6,
    units: Sequence[int] = (64, 64),
    seed: int = 0,
) -> keras.Model:
    """Layers of gated recurrent units, one on the other (Cho et al. 2014, arXiv:1406.1078).

    Two layers of 64 are AdaRNN's network. The reset gate acts after the product, as in cuDNN and
    PyTorch.

    Args:
        name: Name of the network.
        steps: T, or None for any.
        features: F of the series.
        units: Units of each layer. The last one is D.
        seed: Random seed of the weights.

    Returns:
        A Functional model (N, T, F) -> (N, D).

    Example:
        >>> from sslzoo import nn
        >>> nn.gru("air", steps=24, features=6).output_shape
        (None, 64)
    """
    seeds, others = Seeds(seed), 1_000_003 * seed + 500_000  # which `seeds` does not reach
    inputs = x = keras.Input((steps, features), name="series")
    for index, width in enumerate(units, 1):
        x = layers.GRU(
            width,
            return_sequences=True,
            kernel_initializer=seeds.glorot(),
            recurrent_initializer=keras.initializers.Orthogonal(seed=others + index),
            seed=seed,  # of its dropout, which it has not
            name=f"gru{index}",
        )(x)
    return keras.Model(inputs, x[:, -1], name=name)


def hidden_states(network: keras.Model) -> keras.Model:
    """The states of every recurrent layer or Transformer block after every step, and the features:
    one pass, with the network's own weights.

    Args:
        network: a Functional model with recurrent layers that return sequences, or with blocks
            (N, T, units) whose outputs have the names "block1", "block2" and so on.

    Returns:
        A model (N, T, F) -> [*(N, T, units) of each such layer in their order, (N, D)].

    Raises:
        ValueError: no such layer.

    Example:
        >>> from sslzoo import nn
        >>> nn.hidden_states(nn.gru("air", units=[8, 4])).output_shape
        [(None, 24, 8), (None, 24, 4), (None, 4)]
    """
    series = len(network.inputs[0].shape) == 3  # images have blocks too
    states = [layer.output for layer in network.layers if series and _has_states(layer)]
    if not states:
        raise ValueError(
            f"backbone: {network.name} has no recurrent layer that returns sequences, and no "
            '"block1"; it must have one.'
        )
    return keras.Model(network.input, [*states, network.output], name=f"{network.name}_states")


def _has_states(layer):
    named = re.fullmatch(r"block\d+", layer.name) and len(layer.output.shape) == 3
    return bool(getattr(layer, "return_sequences", False) or named)


def step_gates(steps: int, units: Sequence[int], seed: int = 0) -> keras.Model:
    """AdaRNN's gates: how much each time step matters, told from the states of two periods (Du et
    al. 2021, arXiv:2108.04443, section 4.2).

    sigmoid(BN(Linear([h_s; h_t]))) for each layer with states. The gate of a layer sees all steps
    at once.

    Args:
        steps: T.
        units: Units of each layer with states.
        seed: Random seed of the weights.

    Returns:
        A Functional model [(N, T, 2 units) of each layer] -> [(N, T) in 0..1 of each layer].

    Example:
        >>> from sslzoo import nn
        >>> nn.step_gates(24, units=[64, 64]).output_shape
        [(None, 24), (None, 24)]
    """
    inputs = [keras.Input((steps, 2 * width)) for width in units]
    outputs = []
    for index, pair in enumerate(inputs, 1):
        flat = layers.Flatten()(pair)  # (N, T * 2 units)
        rows = [(steps, "batch", "sigmoid")]
        outputs.append(head(flat.shape[-1], rows, f"gate{index}", seed=seed + index)(flat))
    return keras.Model(inputs, outputs, name="gates")
