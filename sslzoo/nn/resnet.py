"""ResNets (He et al. 2016, arXiv:1512.03385) as plain Functional models: images in [0, 1] -> pooled
features.

Layer order, padding and names follow torchvision (v1.5: the stride sits in the 3x3 convolution), so
that official checkpoints can be mapped by name.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from sslzoo.checks import one_of
from sslzoo.nn.layers import Seeds, batch_norm, image_input

IMAGENET = {  # name: (block, blocks per stage); stages of width 64, 128, 256, 512
    "resnet18": ("basic", (2, 2, 2, 2)),
    "resnet34": ("basic", (3, 4, 6, 3)),
    "resnet50": ("bottleneck", (3, 4, 6, 3)),
}


def conv(x: Any, filters: int, kernel: int, stride: int, name: str, seeds: Seeds) -> Any:
    """A convolution without bias, padded as torch pads: k // 2 on each side, whatever the
    stride.

    Example:
        >>> import keras
        >>> from sslzoo.nn.layers import Seeds
        >>> from sslzoo.nn.resnet import conv
        >>> conv(keras.Input((8, 8, 3)), 16, 3, 2, "c", Seeds(0)).shape
        (None, 4, 4, 16)
    """
    if stride > 1 and kernel > 1:  # "same" would pad one side only
        x = layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x)
    padding = "valid" if stride > 1 else "same"
    return layers.Conv2D(
        filters, kernel, stride, padding, use_bias=False, kernel_initializer=seeds.he(), name=name
    )(x)


def conv_bn(
    x: Any,
    filters: int,
    kernel: int,
    stride: int,
    name: str,
    seeds: Seeds,
    relu: bool = True,
    gamma: str = "ones",
) -> Any:
    """`conv`, BatchNorm, ReLU. `gamma`: what the scale of the BatchNorm starts at.

    Example:
        >>> import keras
        >>> from sslzoo.nn.layers import Seeds
        >>> from sslzoo.nn.resnet import conv_bn
        >>> conv_bn(keras.Input((8, 8, 3)), 16, 3, 1, "first", Seeds(0)).shape
        (None, 8, 8, 16)
    """
    x = conv(x, filters, kernel, stride, f"{name}_conv", seeds)
    x = batch_norm(f"{name}_bn", gamma_initializer=gamma)(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def residual(
    x: Any, filters: int, stride: int, block: str, name: str, seeds: Seeds, zero_gamma: bool
) -> Any:
    """A residual block. `block`: "basic" (two 3x3 convolutions) or "bottleneck" (1x1, 3x3, 1x1 to
    four times the channels).

    Example:
        >>> import keras
        >>> from sslzoo.nn.layers import Seeds
        >>> from sslzoo.nn.resnet import residual
        >>> residual(keras.Input((8, 8, 16)), 8, 2, "bottleneck", "b", Seeds(0), True).shape
        (None, 4, 4, 32)
    """
    last = "zeros" if zero_gamma else "ones"
    channels = 4 * filters if block == "bottleneck" else filters
    shortcut = x
    if stride > 1 or x.shape[-1] != channels:
        shortcut = conv_bn(x, channels, 1, stride, f"{name}_downsample", seeds, relu=False)
    if block == "bottleneck":
        x = conv_bn(x, filters, 1, 1, f"{name}_1", seeds)
        x = conv_bn(x, filters, 3, stride, f"{name}_2", seeds)
        x = conv_bn(x, channels, 1, 1, f"{name}_3", seeds, relu=False, gamma=last)
    else:
        x = conv_bn(x, filters, 3, stride, f"{name}_1", seeds)
        x = conv_bn(x, filters, 3, 1, f"{name}_2", seeds, relu=False, gamma=last)
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, shortcut]))


def resnet(
    name: str,
    image_size: int | Sequence[int],
    channels: int = 3,
    stem: str | None = None,
    zero_gamma: bool = True,
    width: int = 64,
    seed: int = 0,
) -> keras.Model:
    """ResNet-18, -34 or -50.

    Args:
        name: "resnet18", "resnet34" or "resnet50".
        image_size: pixels of a square, or [height, width].
        stem: "imagenet" (7x7 stride 2, max-pool) or "cifar" (3x3 stride 1, no pool; SimCLR's rule
            for sizes <= 32). By default "cifar" up to 64 px.
        zero_gamma: start the last BatchNorm of every residual branch at 0 (Goyal et al. 2017;
            SimCLR's code does).
        width: channels of the first stage (64 in the paper).

    Raises:
        ValueError: another stem.

    Example:
        >>> from sslzoo import nn
        >>> nn.backbone("resnet18", 32, width=8).output_shape
        (None, 64)
    """
    block, depths = IMAGENET[name]
    inputs = image_input(image_size, channels)
    default = "cifar" if max(inputs.shape[1:3]) <= 64 else "imagenet"
    stem = one_of("stem", stem or default, ("cifar", "imagenet"))
    seeds = Seeds(seed)
    if stem == "imagenet":
        x = conv_bn(inputs, width, 7, 2, "stem", seeds)
        # after a ReLU zero padding equals torch's -inf
        x = layers.ZeroPadding2D(1, name="pool_pad")(x)
        x = layers.MaxPooling2D(3, 2, name="pool")(x)
    else:
        x = conv_bn(inputs, width, 3, 1, "stem", seeds)
    return _stages(name, inputs, x, block, depths, width, seeds, zero_gamma)


def cifar_resnet(
    name: str,
    image_size: int | Sequence[int],
    channels: int = 3,
    width: int = 16,
    zero_gamma: bool = True,
    seed: int = 0,
) -> keras.Model:
    """ResNet-20, -32, -44, -56 (He et al. 2016, section 4.2): three stages of `width`, 2 and 4
    times that (16 there).

    Shortcuts that change shape are projections (option B; the paper's CIFAR nets pad with zeros).

    Example:
        >>> from sslzoo import nn
        >>> nn.backbone("resnet20", 32).output_shape
        (None, 64)
    """
    depth = int(name.removeprefix("resnet"))
    seeds = Seeds(seed)
    inputs = image_input(image_size, channels)
    x = conv_bn(inputs, width, 3, 1, "stem", seeds)
    return _stages(name, inputs, x, "basic", ((depth - 2) // 6,) * 3, width, seeds, zero_gamma)


def _stages(
    name: str,
    inputs: Any,
    x: Any,
    block: str,
    depths: Sequence[int],
    width: int,
    seeds: Seeds,
    zero_gamma: bool,
) -> keras.Model:
    """The stages behind a stem: each halves the map, but for the first, and doubles the
    channels.
    """
    for stage, depth in enumerate(depths):
        for index in range(depth):
            stride = 2 if stage > 0 and index == 0 else 1
            label = f"stage{stage + 1}_block{index + 1}"
            x = residual(x, width * 2**stage, stride, block, label, seeds, zero_gamma)
    return keras.Model(inputs, layers.GlobalAveragePooling2D(name="features")(x), name=name)
