"""The context of contrastive predictive coding: what the rows so far say."""

import keras
from keras import layers

from sslzoo.nn.layers import Seeds

BLOCKS = 5  # of the pseudocode of Henaff et al. 2020; each looks one row further up


def row_context(rows: int, columns: int, width: int, units: int, seed: int = 0) -> keras.Model:
    """A network over a grid of features in which each row sees itself and those above it.

    Residual blocks of four convolutions: to `units` channels, along the row, with the row above,
    and back. Oord et al. 2018, arXiv:1807.03748, have a PixelCNN there. These blocks are those of
    the pseudocode in Henaff et al. 2020, arXiv:1905.09272, appendix. There is no BatchNorm, which
    would show a row what is below it.

    Args:
        rows, columns: Of the grid. One column is a sequence.
        width: Channels of the features, and of the context.
        units: Channels inside a block.
        seed: Random seed of the weights.

    Returns:
        A Functional model (N, rows, columns, width) -> the same shape.

    Example:
        >>> from sslzoo import nn
        >>> nn.row_context(7, 7, 16, 8).output_shape
        (None, 7, 7, 16)
    """
    seeds = Seeds(seed)
    inputs = x = keras.Input((rows, columns, width), name="context_input")

    def conv(y, filters, kernel, name, padding="same"):
        start = seeds.glorot()
        return layers.Conv2D(filters, kernel, padding=padding, kernel_initializer=start, name=name)(
            y
        )

    for index in range(1, min(BLOCKS, rows - 1) + 1):
        name = f"context{index}"
        y = conv(x, units, 1, f"{name}_in")
        y = conv(y, units, (1, min(3, columns)), f"{name}_row")
        y = layers.ZeroPadding2D(((1, 0), (0, 0)), name=f"{name}_pad")(y)
        y = conv(y, units, (2, 1), f"{name}_above", "valid")
        y = layers.ReLU(name=f"{name}_relu")(y)
        y = conv(y, width, 1, f"{name}_out")
        x = layers.Add(name=f"{name}_add")([x, y])
    return keras.Model(inputs, layers.ReLU(name="context")(x), name="context")
