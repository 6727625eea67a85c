"""What the last block of a vision transformer looks at."""

from typing import Any

import keras
from keras import ops

from sslzoo.nn.normalize import Normalize
from sslzoo.nn.transformer_layers import Attention, ClassToken
from sslzoo.nn.vit import transformer


def patch_attention(backbone: keras.Model, images: Any) -> Any:
    """Images (N, H, W, C) in [0, 1] of the network's size -> the attention that each patch gets in
    the last block, float32 (N, heads, rows, columns).

    Where the features are the class token, it is the attention of that token (Caron et al. 2021,
    arXiv:2104.14294, figure 1). Where they are the mean of the patches, it is the mean of what all
    patches give. Both sum to less than 1 over the patches: the rest goes to the class token and the
    registers.

    Args:
        backbone: A network of `sslzoo.nn.vit`, also behind a `Normalize`.

    Raises:
        ValueError: Another network.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> backbone = nn.backbone("vit_micro", 16)
        >>> tuple(nn.patch_attention(backbone, np.zeros((1, 16, 16, 3), "float32")).shape)
        (1, 2, 4, 4)
    """
    network = transformer(backbone)
    for layer in backbone.layers:
        if isinstance(layer, Normalize):
            images = layer(images)
    layer = [layer for layer in network.layers if isinstance(layer, Attention)][-1]
    qkv = keras.Model(network.input, layer.input)(images)  # (N, T, 3 D)
    shares = ops.cast(layer.shares(qkv), "float32")  # (N, heads, T, T)
    leading = 1 + network.get_layer("tokens").registers_count
    of_class = any(isinstance(layer, ClassToken) for layer in network.layers)
    givers = shares[:, :, :1] if of_class else shares[:, :, leading:]
    got = ops.mean(givers, axis=2)[:, :, leading:]  # (N, heads, patches)
    patch = network.get_layer("patch_embed").strides
    rows, columns = (network.input_shape[1 + axis] // patch[axis] for axis in (0, 1))
    return ops.reshape(got, (-1, layer.heads, rows, columns))
