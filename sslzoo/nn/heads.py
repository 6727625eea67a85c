"""Heads as tables: one row a layer, (units, norm, activation)."""

import keras
from keras import layers

from sslzoo.nn.layers import Seeds, batch_norm

NORMS = (None, "no_bias", "batch", "batch_no_beta", "batch_no_affine")


def head(input_dim, rows, name, seed=0):
    """An MLP from a table of rows `(units, norm, activation)`.

    norm: None; "no_bias" (None, and the dense layer has no bias: the last of BYOL's heads);
    "batch"; "batch_no_beta" (gamma
    only: the last layer of SimCLR's projector); "batch_no_affine". A dense layer before a BatchNorm
    has no bias.
    """
    seeds = Seeds(seed)
    inputs = x = keras.Input((input_dim,), name=f"{name}_input")
    for index, (units, norm, activation) in enumerate(rows, 1):
        if norm not in NORMS:
            raise ValueError(
                f"norm of {name} row {index}: got {norm!r}; it must be one of {NORMS}."
            )
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
