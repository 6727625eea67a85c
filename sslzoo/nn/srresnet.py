"""SRResNet and the discriminator of SRGAN (Ledig et al. 2017, arXiv:1609.04802, section 2.1 and
figure 4).
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from sslzoo.checks import one_of, refused, whole
from sslzoo.nn.bicubic import BicubicUpsampling
from sslzoo.nn.layers import Seeds, image_input
from sslzoo.nn.pixel_shuffle import PixelShuffle
from sslzoo.nn.resnet import conv as plain_conv
from sslzoo.nn.resnet import conv_bn


@keras.saving.register_keras_serializable("sslzoo")
class InstanceNorm(layers.Layer):
    """Maps (N, H, W, C), each of mean 0 and variance 1 over its own pixels; no weights.

    Ulyanov et al. 2016, "Instance Normalization", arXiv:1607.08022, with torch's epsilon.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.srresnet import InstanceNorm
        >>> maps = np.array([1.0, 3.0], "float32").reshape(1, 1, 2, 1)
        >>> np.asarray(InstanceNorm()(maps)).ravel().round(3).tolist()
        [-1.0, 1.0]
    """

    def call(self, x: Any) -> Any:
        mean, variance = ops.moments(x, axes=(1, 2), keepdims=True)  # (N, 1, 1, C)
        return (x - mean) * ops.rsqrt(variance + 1e-5)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape


def conv(
    x: Any, filters: int, kernel: int, name: str, seeds: Seeds, norm: bool | str = False
) -> Any:
    """A convolution of stride 1: with a bias, with a BatchNorm behind it, or with "instance"
    normalization.

    Glorot's smaller weights: with He's the untrained network adds noise so strong that all it
    learns at first is silence.

    Example:
        >>> import keras
        >>> from sslzoo.nn.layers import Seeds
        >>> from sslzoo.nn.srresnet import conv
        >>> conv(keras.Input((8, 8, 3)), 16, 9, "first", Seeds(0)).shape
        (None, 8, 8, 16)
    """
    if norm == "instance":
        x = plain_conv(x, filters, kernel, 1, f"{name}_conv", seeds)
        return InstanceNorm(name=f"{name}_norm")(x)
    if norm:
        return conv_bn(x, filters, kernel, 1, name, seeds, relu=False)
    return layers.Conv2D(
        filters, kernel, padding="same", kernel_initializer=seeds.glorot(), name=f"{name}_conv"
    )(x)


def prelu(x: Any, name: str, slopes: str = "channels") -> Any:
    """One slope for each channel, or "one" for all. Any size of image shares it. It starts at 1/4
    (He et al. 2015, arXiv:1502.01852).

    Example:
        >>> import keras
        >>> from sslzoo.nn.srresnet import prelu
        >>> prelu(keras.Input((8, 8, 3)), "first").shape
        (None, 8, 8, 3)
    """
    axes = (1, 2, 3) if one_of("slopes", slopes, ("channels", "one")) == "one" else (1, 2)
    start = keras.initializers.Constant(0.25)
    return layers.PReLU(shared_axes=axes, alpha_initializer=start, name=f"{name}_prelu")(x)


def srresnet(
    name: str,
    image_size: int | Sequence[int] = 24,
    channels: int = 3,
    width: int = 64,
    blocks: int = 16,
    norm: bool | str = True,
    first_kernel: int = 9,
    slopes: str = "channels",
    signed: bool = False,
    seed: int = 0,
) -> keras.Model:
    """The trunk of SRResNet: images in [0, 1] -> features, the mean of a map that has the size of
    the image.

    9x9 convolution and PReLU; `blocks` residual blocks of two 3x3 convolutions, PReLU between them;
    a 3x3 convolution; a shortcut around all blocks.

    Args:
        norm: BatchNorm behind the 3x3 convolutions, as in the paper. EDSR (Lim et al. 2017,
            arXiv:1707.02921, section 3.1) is better without. "instance" is instance normalization.
        first_kernel: side of the first convolution.
        slopes: "channels", a PReLU slope for each channel, or "one" for each PReLU.
        signed: whether the first convolution sees the images in [-1, 1].

    Raises:
        ValueError: another norm or other slopes.

    Example:
        >>> from sslzoo import nn
        >>> nn.backbone("srresnet", 24, width=8, blocks=2).output_shape
        (None, 8)
    """
    one_of("norm", norm, (True, False, "instance"))
    seeds = Seeds(seed)
    inputs = image_input(image_size, channels)
    x = layers.Rescaling(2.0, -1.0, name="signed")(inputs) if signed else inputs
    first = prelu(conv(x, width, first_kernel, "first", seeds), "first", slopes)
    x = first
    for block in range(1, blocks + 1):
        y = prelu(conv(x, width, 3, f"block{block}_1", seeds, norm), f"block{block}_1", slopes)
        y = conv(y, width, 3, f"block{block}_2", seeds, norm)
        x = layers.Add(name=f"block{block}_add")([x, y])
    x = layers.Add(name="trunk_add")([first, conv(x, width, 3, "trunk", seeds, norm)])
    return keras.Model(inputs, layers.GlobalAveragePooling2D(name="features")(x), name=name)


def srresnet_generator(
    trunk: keras.Model,
    scale: int,
    last_kernel: int = 9,
    seed: int = 0,
    slopes: str = "channels",
    image: str = "bicubic",
) -> keras.Model:
    """The generator: images (N, H, W, C) of any size -> (N, scale H, scale W, C), float32, not
    clipped.

    On the map of the trunk, for each factor of 2: a 3x3 convolution to four times the channels,
    pixel shuffle, PReLU. Then a convolution to an image, which is added to the bicubic enlargement
    (the paper's network makes the whole image itself).

    Args:
        trunk: Functional model, images of any size -> a map of their size.
        scale: 2, 4, 8, ...
        last_kernel: side of the last convolution, 9 in the paper. It works at the full size: with
            few channels, the most costly one.
        slopes: as in `srresnet`.
        image: "bicubic", what the last convolution adds to. Or "tanh": the network makes the whole
            image, (1 + tanh) / 2.

    Raises:
        ValueError: a scale that is no power of 2; other slopes or another image.

    Example:
        >>> from sslzoo import nn
        >>> trunk = nn.feature_map(nn.backbone("srresnet", 8, width=4, blocks=1))
        >>> nn.srresnet_generator(trunk, 2, last_kernel=3).output_shape
        (None, None, None, 3)
    """
    if not isinstance(scale, int) or scale < 2 or scale & (scale - 1):
        raise refused("scale", repr(scale), "be a power of 2, such as 4")
    whole("last_kernel", last_kernel, 1)
    one_of("image", image, ("bicubic", "tanh"))
    steps = scale.bit_length() - 1
    seeds = Seeds(seed)
    inputs, x = trunk.input, trunk.output
    width = x.shape[-1]
    for step in range(1, steps + 1):
        x = conv(x, 4 * width, 3, f"upsample{step}", seeds)
        x = prelu(PixelShuffle(2, name=f"upsample{step}_shuffle")(x), f"upsample{step}", slopes)
    x = conv(x, inputs.shape[-1], last_kernel, "last", seeds)
    if image == "tanh":
        x = layers.Activation("tanh", name="tanh")(x)
        x = layers.Rescaling(0.5, 0.5, name="image", dtype="float32")(x)
    else:
        enlarged = BicubicUpsampling(scale, name="bicubic")(inputs)
        x = layers.Add(name="image", dtype="float32")([x, enlarged])
    return keras.Model(inputs, x, name="generator")


def srgan_discriminator(
    channels: int = 3, width: int = 64, hidden: int = 1024, seed: int = 0
) -> keras.Model:
    """Images in [0, 1] of any size -> logits (N, 1), large for real ones.

    3x3 convolutions of width, width, 2, 2, 4, 4, 8, 8 times `width` channels, every second of
    stride 2, BatchNorm behind all but the first, LeakyReLU of slope 0.2; mean over the map (the
    paper flattens it, which fixes the size of the images); a dense layer of `hidden` units,
    LeakyReLU, a dense layer. The mean is the output of the layer "discriminator_features".

    Example:
        >>> from sslzoo import nn
        >>> nn.srgan_discriminator(width=4, hidden=8).output_shape
        (None, 1)
    """
    whole("width", width, 1)
    whole("hidden", hidden, 1)
    seeds = Seeds(seed)

    def leaky(x, name):
        return layers.LeakyReLU(0.2, name=f"discriminator_{name}_leaky")(x)

    inputs = keras.Input((None, None, channels), name="images")
    x = leaky(conv(inputs, width, 3, "discriminator_1", seeds), "1")
    for index in range(2, 9):
        filters, stride = width * 2 ** ((index - 1) // 2), 2 - index % 2
        x = conv_bn(x, filters, 3, stride, f"discriminator_{index}", seeds, relu=False)
        x = leaky(x, index)
    x = layers.GlobalAveragePooling2D(name="discriminator_features")(x)
    x = layers.Dense(hidden, kernel_initializer=seeds.glorot(), name="discriminator_dense")(x)
    x = leaky(x, "dense")
    x = layers.Dense(
        1, kernel_initializer=seeds.glorot(), dtype="float32", name="discriminator_logit"
    )(x)
    return keras.Model(inputs, x, name="discriminator")
