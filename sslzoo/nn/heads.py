"""Heads as tables: one row a layer, (units, norm, activation)."""

from collections.abc import Sequence

import keras
from keras import layers

from sslzoo.checks import one_of
from sslzoo.nn.layers import Seeds, batch_norm

NORMS = (None, "no_bias", "batch", "batch_no_beta", "batch_no_affine")


def head(input_dim: int, rows: Sequence[tuple], name: str, seed: int = 0) -> keras.Model:
    """An MLP from a table of rows `(units, norm, activation)`.

    A dense layer before a BatchNorm has no bias.

    Args:
        input_dim: D of its inputs (N, D).
        rows: one for each layer. The norms are None; "no_bias" (None, and the dense layer has no
            bias: the last of BYOL's heads); "batch"; "batch_no_beta" (gamma only: the last layer of
            SimCLR's projector); "batch_no_affine".
        name: Name of the model. The names of its layers begin with it.
        seed: Random seed of the weights.

    Raises:
        ValueError: another norm.

    Example:
        >>> from sslzoo import nn
        >>> projector = nn.head(64, [(64, "batch", "relu"), (128, None, None)], "projector")
        >>> projector.output_shape
        (None, 128)
    """
    seeds = Seeds(seed)
    inputs = keras.Input((input_dim,), name=f"{name}_input")
    x = inputs
    for index, (units, norm, activation) in enumerate(rows, 1):
        one_of(f"norm of {name} row {index}", norm, NORMS)
        x = layers.Dense(
            units,
            use_bias=norm is None,
            kernel_initializer=seeds.glorot(),
            name=f"{name}_dense{index}",
        )(x)
        if norm not in (None, "no_bias"):
            affine = norm != "batch_no_affine"
            x = batch_norm(f"{name}_bn{index}", center=norm == "batch", scale=affine)(x)
        if activation:
            x = layers.Activation(activation, name=f"{name}_{activation}{index}")(x)
    return keras.Model(inputs, x, name=name)


def shortcut_head(
    input_dim: int, units: int, name: str, norm: str | None = None, seed: int = 0
) -> keras.Model:
    """Rows (N, D) -> (N, units): two dense layers, with a dense layer around both.

    This embeds places and vectors where their products are to be scores: `MI1x1ConvNet` of
    rdevon/DIM, and `FakeRKHSConvNet` of Philip-Bachman/amdim-public. Over the places of a map it is
    two convolutions of 1x1. There the shortcut starts near the identity, here as any dense layer.

    Args:
        input_dim: D.
        units: Of both layers.
        name: Name of the model. The names of its layers begin with it.
        norm: Of the sum: None, "batch" (AMDIM), or "layer" (places of Deep InfoMax).
        seed: Random seed of the weights.

    Raises:
        ValueError: another norm.

    Example:
        >>> from sslzoo import nn
        >>> nn.shortcut_head(64, 128, "places", "layer").output_shape
        (None, 128)
    """
    one_of(f"norm of {name}", norm, (None, "batch", "layer"))
    seeds = Seeds(seed)

    def dense(x, label, bias=True):
        start = seeds.glorot()
        return layers.Dense(units, use_bias=bias, kernel_initializer=start, name=f"{name}_{label}")(
            x
        )

    inputs = keras.Input((input_dim,), name=f"{name}_input")
    x = batch_norm(f"{name}_bn")(dense(inputs, "dense1", bias=False))
    x = dense(layers.ReLU(name=f"{name}_relu")(x), "dense2", bias=norm != "batch")
    shortcut = dense(inputs, "shortcut", bias=False)
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    if norm == "batch":
        x = batch_norm(f"{name}_bn_sum")(x)
    elif norm == "layer":
        x = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_ln")(x)
    return keras.Model(inputs, x, name=name)
