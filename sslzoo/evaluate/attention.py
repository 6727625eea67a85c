"""Attention maps of vision transformers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sslzoo.evaluate.splits import items_of, needs

CHUNK = 16  # images at once: a ViT-B/8 has 12 heads of 785 x 785 numbers for each


def attention_maps(model: Any, images: Any) -> NDArray[np.float32]:
    """The attention that each patch of an image gets in the last block of a vision transformer.

    Where the features are the class token, it is the attention of that token. Where they are the
    mean of the patches, it is the mean of what all patches give. Both are in 0..1 and sum to less
    than 1 over the patches: the rest goes to the class token and the registers.

    Args:
        model: A method whose encoder is a vision transformer of `sslzoo.nn`.
        images: (N, H, W) or (N, H, W, C), integers 0..255 or floats 0..1, or a
            `sslzoo.data.Dataset`. They are resized and cropped as for `encode`.

    Returns:
        Array float32 (N, heads, rows, columns) of the grid of patches.

    Raises:
        ValueError: The model has another network, or the images cannot be read.

    >>> import sslzoo
    >>> model = sslzoo.build("mae", "vit_micro", 16, decoder_width=16, decoder_heads=2)
    >>> attention_maps(model, np.zeros((3, 16, 16), "uint8")).shape
    (3, 2, 4, 4)
    """
    from keras import ops

    from sslzoo import nn

    needs(model, "attention_maps", "encode", "encoder")
    _, images = items_of(model, images, "images")
    chunks = [images[start : start + CHUNK] for start in range(0, len(images), CHUNK)]
    maps = [nn.patch_attention(model.encoder, model.reads.layer(chunk)) for chunk in chunks]
    return np.concatenate([ops.convert_to_numpy(part) for part in maps])
