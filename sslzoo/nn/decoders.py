"""Decoders from latents to pixels."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

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


@keras.saving.register_keras_serializable("sslzoo")
class ChannelDense(layers.Layer):
    """Maps (N, h, w, C) -> (N, h, w, C): in each channel a dense layer from all places to all
    places, so that what surrounds a hole reaches into it.

    The channel-wise fully-connected layer of Pathak et al. 2016 (arXiv:1604.07379, section 3.1).

    Args:
        seed: Random seed of the weights, uniform by Glorot's rule for one channel.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.decoders import ChannelDense
        >>> tuple(ChannelDense()(np.zeros((2, 4, 4, 3), "float32")).shape)
        (2, 4, 4, 3)
    """

    def __init__(self, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed

    def build(self, input_shape: tuple) -> None:
        places = input_shape[1] * input_shape[2]
        channels = input_shape[3]
        limit = (3 / places) ** 0.5
        start = keras.initializers.RandomUniform(-limit, limit, seed=self.seed)
        self.kernel = self.add_weight((channels, places, places), start, name="kernel")
        self.bias = self.add_weight((channels, 1, places), "zeros", name="bias")

    def call(self, x: Any) -> Any:
        n, height, width, channels = ops.shape(x)
        x = ops.reshape(x, (n, height * width, channels))
        x = ops.transpose(x, (2, 0, 1))  # (C, N, places)
        x = ops.matmul(x, self.kernel) + self.bias
        return ops.reshape(ops.transpose(x, (1, 2, 0)), (n, height, width, channels))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return super().get_config() | {"seed": self.seed}


def map_decoder(
    map_shape: Sequence[int],
    shape: Sequence[int],
    across: bool = False,
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
        across: Whether a `ChannelDense` comes first.
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
    inputs = x = keras.Input(tuple(map_shape), name="map")
    if across:
        x = ChannelDense(1_000_003 * seed + 2, name=f"{name}_across")(x)
    x = conv_bn(x, channels, 3, 1, f"{name}_block0", seeds)
    for step in range(1, factor.bit_length()):
        channels = max(channels // 2, NARROWEST)
        x = layers.UpSampling2D(2, name=f"{name}_enlarge{step}")(x)
        x = conv_bn(x, channels, 3, 1, f"{name}_block{step}", seeds)
    last = seeds.glorot()
    x = layers.Conv2D(
        values, 3, padding="same", kernel_initializer=last, dtype="float32", name=f"{name}_values"
    )(x)
    return keras.Model(inputs, x, name=name)
