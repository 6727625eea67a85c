"""From images of any size to the map that a network pools into its features."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from sslzoo.checks import refused
from sslzoo.nn.blocks import walked
from sslzoo.nn.layers import image_input
from sslzoo.nn.transformer_layers import ClassToken, OtherGrid, PatchMean, Tokens

POOLING = (layers.GlobalAveragePooling2D, ClassToken, PatchMean)


def dense_map(network: keras.Model, size: Sequence[int]) -> keras.Model:
    """A network of images as one from images (N, height, width, C) to its last map (N, h, w, D),
    before it is pooled. It shares the weights.

    The map of a vision transformer is its patch tokens. Their positions are interpolated.

    Args:
        network: A Functional model from images to features (N, D). It ends in global average
            pooling or is a vision transformer.
        size: [height, width]. A vision transformer needs multiples of `patch_of(network)`.

    Raises:
        ValueError: A network without a map at its end, or one that works at its own size alone.

    Example:
        >>> from sslzoo import nn
        >>> nn.dense_map(nn.backbone("micro", 8), (12, 16)).output_shape
        (None, 6, 8, 16)
        >>> nn.dense_map(nn.backbone("vit_micro", 16), (12, 8)).output_shape
        (None, 3, 2, 16)
    """
    patch = patch_of(network)
    grid = [side // patch for side in size]
    try:
        walk = walked(_at(network, size, grid))
    except ValueError as error:
        got = f"{network.name}, which does not work at {size[0]}x{size[1]} px"
        raise refused("backbone", got, "work at other sizes than its own") from error
    ends = [step.inputs[0] for step in walk.steps if isinstance(step.operation, POOLING)]
    if not ends or len(ends[-1].shape) not in (3, 4):
        needed = "pool a map at its end, or be a vision transformer"
        raise refused("backbone", network.name, needed)
    x = ends[-1]
    if len(x.shape) == 3:  # tokens (N, leading + h w, D)
        x = x[:, x.shape[1] - grid[0] * grid[1] :]
        x = layers.Reshape((*grid, x.shape[-1]), name="map")(x)
    return keras.Model(walk.input, x, name=f"{network.name}_map")


def patch_of(network: keras.Model) -> int:
    """The multiple of pixels that the sides of images must be: the patch of a vision transformer, 1
    of any other network.

    Example:
        >>> from sslzoo import nn
        >>> nn.patch_of(nn.backbone("vit_micro", 16)), nn.patch_of(nn.backbone("micro", 8))
        (4, 1)
    """
    found = {layer.name: layer for layer in _layers(network)}
    return found["patch_embed"].strides[0] if "patch_embed" in found else 1


def _layers(network: keras.Model) -> list[layers.Layer]:
    """Its layers, those of networks inside too."""
    found = []
    for layer in network.layers:
        found += _layers(layer) if isinstance(layer, keras.Model) else [layer]
    return found


def _at(network: keras.Model, size: Sequence[int], grid: Sequence[int]) -> keras.Model:
    """The same layers on images of another size."""

    def same(layer: Any) -> Any:
        if isinstance(layer, keras.Model):
            return _at(layer, size, grid)
        return OtherGrid(layer, grid) if isinstance(layer, Tokens) else layer

    inputs = image_input(size, network.input_shape[-1])
    return keras.models.clone_model(network, input_tensors=inputs, clone_function=same)
