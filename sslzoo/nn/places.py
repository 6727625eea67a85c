"""The places of maps as rows."""

import math
from typing import Any

import keras
from keras import ops

MOST = 8  # places of a side; the first maps of a network have many more, which cost much


def places(maps: Any) -> Any:
    """Maps (N, H, W, C) -> their places (N, L, C), row by row. Maps of more than 8 a side are made
    smaller: means over squares. Pixels that fill no square are left out.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> tuple(nn.places(np.zeros((2, 16, 16, 3), "float32")).shape)
        (2, 64, 3)
    """
    _, height, width, channels = maps.shape
    side = math.ceil(max(height, width) / MOST)
    if side > 1:
        maps = ops.average_pool(maps, side, side)
    return ops.reshape(maps, (-1, maps.shape[1] * maps.shape[2], channels))


def place_count(network: keras.Model, index: int = 0) -> int:
    """L of the places of output `index` of a network.

    Example:
        >>> from sslzoo import nn
        >>> nn.place_count(nn.block_maps(nn.backbone("resnet20", 32)))
        64
    """
    maps = keras.ops.zeros((1, *network.output_shape[index][1:]))
    return places(maps).shape[1]


def on_rows(head: keras.Model, x: Any) -> Any:
    """What a head of rows (N, D) makes of places (N, L, D) in training: (N, L, units).

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> tuple(nn.on_rows(nn.head(3, [(5, None, None)], "head"), np.zeros((2, 4, 3))).shape)
        (2, 4, 5)
    """
    flat = ops.reshape(x, (-1, x.shape[-1]))
    return ops.reshape(head(flat, training=True), (-1, x.shape[1], head.output_shape[-1]))
