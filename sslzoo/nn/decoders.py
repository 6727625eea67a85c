"""Decoders from latents to pixels."""

from collections.abc import Sequence

import keras
from keras import layers

from sslzoo.checks import refused, whole
from sslzoo.nn.heads import head
from sslzoo.nn.layers import Seeds
from sslzoo.nn.resnet import conv_bn

NARROWEST = 16  # channels of a map that a decoder enlarges


def mlp_decoder(
    latent_dim: int,
    image_shape: Sequence[int],
    widths: Sequence[int] = (500, 500),
    activation: str = "relu",
    seed: int = 0,
    name: str = "decoder",
) -> keras.Model:
    """Dense layers from latents to one logit for each value of an image.

    Args:
        latent_dim: Z.
        image_shape: (H, W, C) of the images.
        widths: units of the hidden layers. Of none, the decoder is linear.
        activation: Activation of the hidden layers. The last layer has none.
        seed: Random seed of the initializers (Glorot uniform).

    Returns:
        A Functional `keras.Model`, latents (N, Z) -> logits (N, H, W, C).

    Raises:
        ValueError: a size or a width that is no integer of at least 1.

    Example:
        >>> from sslzoo import nn
        >>> decoder = nn.mlp_decoder(2, (8, 8, 1), widths=(16,))
        >>> decoder.output_shape
        (None, 8, 8, 1)
        >>> [layer.name for layer in decoder.get_layer("decoder_mlp").layers[1:]]
        ['decoder_mlp_dense1', 'decoder_mlp_relu1', 'decoder_mlp_dense2']
    """
    whole("latent_dim", latent_dim, 1)
    values = 1
    for side in image_shape:
        values *= whole("image_shape", side, 1)
    rows = [(whole("widths", units, 1), None, activation) for units in widths]
    mlp = head(latent_dim, [*rows, (values, None, None)], f"{name}_mlp", seed=seed)
    latents = keras.Input((latent_dim,), name="latents")
    logits = layers.Reshape(tuple(image_shape), name="logits")(mlp(latents))  # (N, H, W, C)
    return keras.Model(latents, logits, name=name)


def map_decoder(
    map_shape: Sequence[int],
    shape: Sequence[int],
    seed: int = 0,
    name: str = "decoder",
) -> keras.Model:
    """Convolutions from the map of an encoder to values of every pixel.

    A 3x3 convolution with BatchNorm and ReLU. Then, for each factor of 2, the map is enlarged to
    its nearest pixels, and such a convolution halves its channels, down to 16. A 3x3 convolution
    makes the values.

    Args:
        map_shape: (h, w, C) of the map.
        shape: (H, W, values) of the result. H / h and W / w must be the same power of 2.
        seed: Random seed of the initializers.

    Returns:
        A Functional `keras.Model`, maps (N, h, w, C) -> float32 (N, H, W, values).

    Raises:
        ValueError: sizes that are no power of 2 apart.

    Example:
        >>> from sslzoo import nn
        >>> nn.map_decoder((4, 4, 32), (8, 8, 3)).output_shape
        (None, 8, 8, 3)
    """
    height, width, values = shape
    factor = height // map_shape[0]
    power = factor > 0 and not factor & (factor - 1)
    if not power or (height, width) != (factor * map_shape[0], factor * map_shape[1]):
        got = f"a map of {map_shape[0]}x{map_shape[1]} for images of {height}x{width}"
        raise refused("backbone", got, "make one that is smaller by a power of 2")
    seeds, channels = Seeds(seed), map_shape[-1]
    inputs = keras.Input(tuple(map_shape), name="map")
    x = conv_bn(inputs, channels, 3, 1, f"{name}_block0", seeds)
    for step in range(1, factor.bit_length()):
        channels = max(channels // 2, NARROWEST)
        x = layers.UpSampling2D(2, name=f"{name}_enlarge{step}")(x)
        x = conv_bn(x, channels, 3, 1, f"{name}_block{step}", seeds)
    last = seeds.glorot()
    x = layers.Conv2D(
        values, 3, padding="same", kernel_initializer=last, dtype="float32", name=f"{name}_values"
    )(x)
    return keras.Model(inputs, x, name=name)
