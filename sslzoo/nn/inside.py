"""Images of any size through programs of a few sizes: filled up, and the filling overlooked."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from sslzoo.nn.bicubic import BicubicUpsampling
from sslzoo.nn.pixel_shuffle import PixelShuffle

STEP = 48  # pixels; the sides of filled images are multiples of it
FILLING = -1  # which no image holds


def inside(network: keras.Model) -> keras.Model:
    """A network as one that overlooks negative pixels: what it gives for an image is the same
    whatever surrounds the image.

    Args:
        network: Functional, for which `nn.reach` is known. The new one shares its weights.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> network = nn.feature_map(nn.backbone("srresnet", 8, width=4, blocks=1))
        >>> image = np.ones((1, 5, 5, 3), "float32")
        >>> filled = np.pad(image, [(0, 0), (0, 3), (0, 4), (0, 0)], constant_values=-1)
        >>> maps = np.asarray(nn.inside(network)(filled))[:, :5, :5]
        >>> bool(np.allclose(maps, network(image), atol=1e-5))
        True
    """
    images = keras.Input(network.input_shape[1:], name="filled_images")
    inner = ops.cast(images[..., :1] >= 0, "float32")  # (N, H, W, 1): 1 inside, 0 around
    masks = {id(images): inner}

    def call(layer, *args, **kwargs):
        maps = keras.tree.flatten(args)[0]
        mask = masks[id(maps)]
        if isinstance(layer, BicubicUpsampling):
            # A kernel that leaves the image keeps the part inside, scaled to a sum of 1.
            outputs = ops.divide_no_nan(layer(_masked(maps, mask)), layer(mask))
            mask = _enlarged(mask, layer.scale)
        elif isinstance(layer, PixelShuffle):
            outputs = layer(maps)
            mask = _enlarged(mask, layer.factor)
        elif isinstance(layer, layers.Conv2D):
            outputs = layer(_masked(maps, mask))
        else:
            outputs = layer(*args, **kwargs)
        masks[id(outputs)] = mask
        return outputs

    return keras.models.clone_model(
        network, input_tensors=images, clone_function=lambda layer: layer, call_function=call
    )


def _enlarged(mask: Any, factor: int) -> Any:
    return layers.UpSampling2D(factor, dtype="float32")(mask)


def _masked(maps: Any, mask: Any) -> Any:
    return layers.Multiply(dtype=maps.dtype)([maps, mask])


def full(images: NDArray) -> bool:
    """Whether images have one of the sizes that `filled` gives.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.inside import full
        >>> full(np.ones((1, 48, 96, 3))), full(np.ones((1, 48, 50, 3)))
        (True, False)
    """
    return not any(side % STEP for side in images.shape[1:3])


def filled(function: Callable, images: NDArray, scale: int) -> NDArray:
    """`function` of images, filled up to one of a few sizes.

    Args:
        function: (N, H, W, C) -> (N, scale H, scale W, C'), a network that `inside` gives.
        images: (N, H, W, C), not negative.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> nn.filled(lambda x: x[..., :1], np.ones((1, 40, 50, 3), "uint8"), scale=1).shape
        (1, 40, 50, 1)
    """
    count, height, width, channels = images.shape
    sides = [side + -side % STEP for side in (height, width)]
    dtype = images.dtype if images.dtype.kind == "f" else "int16"
    canvas = np.full((count, *sides, channels), FILLING, dtype)
    canvas[:, :height, :width] = images
    return function(canvas)[:, : scale * height, : scale * width]
