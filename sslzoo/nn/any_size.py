"""Networks on images of other sizes than their own."""

import keras
from keras import layers

from sslzoo.checks import one_of, refused


def any_size(network: keras.Model, layer: str | None = None) -> keras.Model:
    """A Functional network of images (N, size, size, C) as one of images (N, H, W, C) of any H and
    W, sharing its weights.

    Args:
        network: convolutions, pooling and what else works at any size.
        layer: name of the layer whose output to take instead of the network's.

    Raises:
        ValueError: an unknown layer.

    Example:
        >>> from sslzoo import nn
        >>> nn.any_size(nn.backbone("micro", 8), "block1_relu").output_shape
        (None, None, None, 8)
    """
    if layer is None:
        outputs = network.outputs[0]
    else:
        one_of("layer", layer, [known.name for known in network.layers])
        outputs = network.get_layer(layer).output
    network = keras.Model(network.inputs[0], outputs, name=network.name)
    return _on(network, (None, None))


def at_size(network: keras.Model, size: int) -> keras.Model:
    """A Functional network of images as one of images (N, size, size, C), sharing its weights. A
    vision transformer takes its positions for the smaller or larger grid.

    Raises:
        ValueError: a network that works at its own size alone, or patches that do not fill the
            size.

    Example:
        >>> from sslzoo import nn
        >>> nn.at_size(nn.backbone("vit_micro", 16), 8).input_shape
        (None, 8, 8, 3)
    """
    inner = [layer for layer in network.layers if isinstance(layer, keras.Model)]  # normalized
    layers_of = [layer for known in (network, *inner) for layer in known.layers]
    patches = [layer.strides[0] for layer in layers_of if layer.name == "patch_embed"]
    for patch in patches:
        if size % patch:
            raise refused("small_size", size, f"be a multiple of {patch}, the patch")
    try:
        return _on(network, (size, size))
    except ValueError as error:
        got = f"{network.name}, which does not work at {size} px"
        raise refused("backbone", got, "work at other sizes than its own") from error


def at_length(network: keras.Model, length: int) -> keras.Model:
    """A Functional network of series (N, T, F) or audio (N, T) as one of items of another length,
    sharing its weights.

    Raises:
        ValueError: a network that works at its own length alone.

    Example:
        >>> from sslzoo import nn
        >>> nn.at_length(nn.backbone("gru", steps=24, features=2), 6).input_shape
        (None, 6, 2)
    """
    inputs = keras.Input((length, *network.input_shape[2:]), name=network.inputs[0].name)
    try:
        return keras.models.clone_model(
            network, input_tensors=inputs, clone_function=lambda layer: layer
        )
    except ValueError as error:
        got = f"{network.name}, which does not work at length {length}"
        raise refused("backbone", got, "work at other lengths than its own") from error


def _on(network: keras.Model, sides: tuple) -> keras.Model:
    """The same layers on images (N, *sides, C), those of a network inside too."""

    def same(layer):
        return _on(layer, sides) if isinstance(layer, keras.Model) else layer

    inputs = keras.Input((*sides, network.input_shape[-1]), name="images")
    return keras.models.clone_model(network, input_tensors=inputs, clone_function=same)


def feature_map(backbone: keras.Model) -> keras.Model:
    """The network `any_size` from images to the map that a backbone pools at its end.

    Raises:
        ValueError: a backbone that does not end in global average pooling, or whose map is smaller
            than its images.

    Example:
        >>> from sslzoo import nn
        >>> nn.feature_map(nn.backbone("srresnet", 8, width=4, blocks=1)).output_shape
        (None, None, None, 4)
    """
    pooling = _pooling(backbone)
    height, width = backbone.input_shape[1:3]
    map_height, map_width = pooling.input.shape[1:3]
    if (map_height, map_width) != (height, width):
        got = f"one that turns images of {height}x{width} into a map of {map_height}x{map_width}"
        raise refused("backbone", got, "keep the size of its images, as 'srresnet' does")
    names = [layer.name for layer in backbone.layers if layer.output is pooling.input]
    return any_size(backbone, names[0])


def map_and_features(backbone: keras.Model) -> keras.Model:
    """The network from images to [the map that a backbone pools at its end, its features].

    Raises:
        ValueError: a backbone that does not end in global average pooling.

    Example:
        >>> from sslzoo import nn
        >>> nn.map_and_features(nn.backbone("micro", 8)).output_shape
        [(None, 4, 4, 16), (None, 16)]
    """
    outputs = [_pooling(backbone).input, backbone.output]
    return keras.Model(backbone.input, outputs, name="map_and_features")


def _pooling(backbone: keras.Model) -> layers.GlobalAveragePooling2D:
    pooling = backbone.layers[-1]
    if not isinstance(pooling, layers.GlobalAveragePooling2D):
        got = f"one that ends in {type(pooling).__name__}"
        raise refused("backbone", got, "end in GlobalAveragePooling2D over a map")
    return pooling
