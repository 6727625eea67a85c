"""Convolutional networks on images of any size."""

import keras
from keras import layers


def any_size(network, layer=None):
    """A Functional network of images (N, size, size, C) as one of images (N, H, W, C) of any H and
    W, sharing its weights.

    Args:
        network: convolutions, pooling and what else works at any size.
        layer: name of the layer whose output to take instead of the network's.

    Raises:
        ValueError: an unknown layer.
    """
    names = [known.name for known in network.layers]
    if layer not in (None, *names):
        raise ValueError(f"layer: got {layer!r}; {network.name} has {', '.join(names)}.")
    outputs = network.outputs[0] if layer is None else network.get_layer(layer).output
    network = keras.Model(network.inputs[0], outputs, name=network.name)
    inputs = keras.Input((None, None, network.input_shape[-1]), name="images")
    return keras.models.clone_model(
        network, input_tensors=inputs, clone_function=lambda known: known
    )


def feature_map(backbone):
    """The network `any_size` from images to the map that a backbone pools at its end.

    Raises:
        ValueError: a backbone that does not end in global average pooling, or whose map is smaller
        than its images.
    """
    pooling = backbone.layers[-1]
    if not isinstance(pooling, layers.GlobalAveragePooling2D):
        raise ValueError(
            f"backbone: ends in {type(pooling).__name__}; GlobalAveragePooling2D over a map is "
            "needed."
        )
    size, found = backbone.input_shape[1:3], tuple(pooling.input.shape[1:3])
    if found != size:
        raise ValueError(
            f"backbone: turns images of {size[0]}x{size[1]} into a map of "
            f"{found[0]}x{found[1]}; one of the same size is needed, "
            "as 'srresnet' has it."
        )
    names = [layer.name for layer in backbone.layers if layer.output is pooling.input]
    return any_size(backbone, names[0])
