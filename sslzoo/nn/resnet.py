"""ResNets (He et al. 2016, arXiv:1512.03385) as plain Functional models: images in [0, 1] -> pooled
features.

Layer order, padding and names follow torchvision (v1.5: the stride sits in the 3x3 convolution), so
that official checkpoints can be mapped by name.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from sslzoo.checks import one_of
from sslzoo.nn.layers import Seeds, batch_norm, image_input

IMAGENET = {  # name: (block, blocks per stage); stages of width 64, 128, 256, 512
    "resnet18": ("basic", (2, 2, 2, 2)),
    "resnet34": ("basic", (3, 4, 6, 3)),
    "resnet50": ("bottleneck", (3, 4, 6, 3)),
    "resnet101": ("bottleneck", (3, 4, 23, 3)),
    "resnet152": ("bottleneck", (3, 8, 36, 3)),
    "resnet200": ("bottleneck", (3, 24, 36, 3)),
}
STEMS = ("cifar", "stride2", "imagenet")
PADDINGS = ("torch", "simclr", "byol")
SHORTCUTS = ("projection", "zeros")


@keras.saving.register_keras_serializable("sslzoo")
class ZeroShortcut(layers.Layer):
    """Maps (N, H, W, C) -> every second pixel, with zeros for new channels: (N, H/2, W/2,
    channels). Half of the zeros stand before the old channels, half behind.

    Shortcut A of He et al. 2016 (arXiv:1512.03385, section 4.1), as in
    akamaster/pytorch_resnet_cifar10.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.resnet import ZeroShortcut
        >>> tuple(ZeroShortcut(8)(np.zeros((1, 6, 6, 4), "float32")).shape)
        (1, 3, 3, 8)
    """

    def __init__(self, channels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels = channels

    def call(self, x: Any) -> Any:
        new = self.channels - x.shape[-1]
        return ops.pad(x[:, ::2, ::2], ((0, 0), (0, 0), (0, 0), (new // 2, new - new // 2)))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        count, *sides, _ = input_shape
        halves = [None if side is None else (side + 1) // 2 for side in sides]
        return (count, *halves, self.channels)

    def get_config(self) -> dict:
        return super().get_config() | {"channels": self.channels}


def conv(
    x: Any, filters: int, kernel: int, stride: int, name: str, seeds: Seeds, same: bool = False
) -> Any:
    """A convolution without bias, padded as torch pads: k // 2 on each side, whatever the
    stride. With `same`, padded as TensorFlow's "same": at stride 2 an even size gets less before
    than behind.

    Example:
        >>> import keras
        >>> from sslzoo.nn.layers import Seeds
        >>> from sslzoo.nn.resnet import conv
        >>> conv(keras.Input((8, 8, 3)), 16, 3, 2, "c", Seeds(0)).shape
        (None, 4, 4, 16)
    """
    pads = stride > 1 and kernel > 1 and not same  # "same" would pad one side only
    if pads:
        x = layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x)
    padding = "same" if same or stride == 1 else "valid"
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
    same: bool = False,
) -> Any:
    """`conv`, BatchNorm, ReLU. `gamma`: what the scale of the BatchNorm starts at.

    Example:
        >>> import keras
        >>> from sslzoo.nn.layers import Seeds
        >>> from sslzoo.nn.resnet import conv_bn
        >>> conv_bn(keras.Input((8, 8, 3)), 16, 3, 1, "first", Seeds(0)).shape
        (None, 8, 8, 16)
    """
    x = conv(x, filters, kernel, stride, f"{name}_conv", seeds, same)
    x = batch_norm(f"{name}_bn", gamma_initializer=gamma)(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def residual(
    x: Any,
    filters: int,
    stride: int,
    block: str,
    name: str,
    seeds: Seeds,
    zero_gamma: bool,
    same: bool = False,
    shortcuts: str = "projection",
) -> Any:
    """A residual block. `block`: "basic" (two 3x3 convolutions) or "bottleneck" (1x1, 3x3, 1x1 to
    four times the channels). `same`: as in `conv`. `shortcuts`: as in `cifar_resnet`.

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
    changes = stride > 1 or x.shape[-1] != channels
    if changes and shortcuts == "zeros":
        shortcut = ZeroShortcut(channels, name=f"{name}_downsample")(x)
    elif changes:
        shortcut = conv_bn(x, channels, 1, stride, f"{name}_downsample", seeds, relu=False)
    if block == "bottleneck":
        x = conv_bn(x, filters, 1, 1, f"{name}_1", seeds)
        x = conv_bn(x, filters, 3, stride, f"{name}_2", seeds, same=same)
        x = conv_bn(x, channels, 1, 1, f"{name}_3", seeds, relu=False, gamma=last)
    else:
        x = conv_bn(x, filters, 3, stride, f"{name}_1", seeds, same=same)
        x = conv_bn(x, filters, 3, 1, f"{name}_2", seeds, relu=False, gamma=last)
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, shortcut]))


def resnet(
    name: str,
    image_size: int | Sequence[int],
    channels: int = 3,
    stem: str | None = None,
    zero_gamma: bool = True,
    width: int = 64,
    padding: str = "torch",
    seed: int = 0,
) -> keras.Model:
    """ResNet-18, -34, -50, -101, -152 or -200.

    Args:
        name: "resnet18", "resnet34", "resnet50", ...
        image_size: Side of a square in pixels, or [height, width].
        stem: "imagenet" (7x7 stride 2, max-pool), "cifar" (3x3 stride 1, no pool; SimCLR's rule
            for sizes <= 32), or "stride2" (3x3 stride 2, no pool: a quarter of the cost of
            "cifar"). By default "cifar" up to 64 px.
        zero_gamma: Whether the last BatchNorm of every residual branch starts at 0 (Goyal et al.
            2017, and SimCLR's code).
        width: Channels of the first stage. The paper has 64; 128 and 256 are the "2x" and "4x" of
            SimCLR, BYOL, SwAV and VICReg.
        padding: "torch" pads both sides alike. "simclr" does so too, but for the max-pool, which
            pads as TensorFlow's "same". "byol" pads everything so. They differ where a stride of 2
            meets an even size.

    Raises:
        ValueError: another stem or padding.

    Example:
        >>> from sslzoo import nn
        >>> nn.backbone("resnet18", 32, width=8).output_shape
        (None, 64)
    """
    block, depths = IMAGENET[name]
    inputs = image_input(image_size, channels)
    default = "cifar" if max(inputs.shape[1:3]) <= 64 else "imagenet"
    stem = one_of("stem", stem or default, STEMS)
    same = one_of("padding", padding, PADDINGS) == "byol"
    seeds = Seeds(seed)
    if stem == "imagenet":
        x = conv_bn(inputs, width, 7, 2, "stem", seeds, same=same)
        if padding == "torch":  # after a ReLU zero padding equals torch's -inf
            x = layers.ZeroPadding2D(1, name="pool_pad")(x)
        pool = "valid" if padding == "torch" else "same"
        x = layers.MaxPooling2D(3, 2, pool, name="pool")(x)
    else:
        stride = 2 if stem == "stride2" else 1
        x = conv_bn(inputs, width, 3, stride, "stem", seeds, same=same)
    return _stages(name, inputs, x, block, depths, width, seeds, zero_gamma, same=same)


def cifar_resnet(
    name: str,
    image_size: int | Sequence[int],
    channels: int = 3,
    width: int = 16,
    zero_gamma: bool = True,
    shortcuts: str = "projection",
    seed: int = 0,
) -> keras.Model:
    """ResNet-20, -32, -44, -56 (He et al. 2016, section 4.2): three stages of `width`, 2 and 4
    times that (16 there).

    Args:
        shortcuts: those that change shape: "projection" (option B of the paper), or "zeros" (option
            A, which the paper's CIFAR nets have), see `ZeroShortcut`.

    Raises:
        ValueError: other shortcuts.

    Example:
        >>> from sslzoo import nn
        >>> nn.backbone("resnet20", 32).output_shape
        (None, 64)
    """
    depth = int(name.removeprefix("resnet"))
    seeds = Seeds(seed)
    inputs = image_input(image_size, channels)
    one_of("shortcuts", shortcuts, SHORTCUTS)
    x = conv_bn(inputs, width, 3, 1, "stem", seeds)
    depths = ((depth - 2) // 6,) * 3
    return _stages(name, inputs, x, "basic", depths, width, seeds, zero_gamma, shortcuts=shortcuts)


def _stages(
    name: str,
    inputs: Any,
    x: Any,
    block: str,
    depths: Sequence[int],
    width: int,
    seeds: Seeds,
    zero_gamma: bool,
    **options: Any,
) -> keras.Model:
    """The stages behind a stem: each halves the map, but for the first, and doubles the
    channels.
    """
    for stage, depth in enumerate(depths):
        for index in range(depth):
            stride = 2 if stage > 0 and index == 0 else 1
            label = f"stage{stage + 1}_block{index + 1}"
            filters = width * 2**stage
            x = residual(x, filters, stride, block, label, seeds, zero_gamma, **options)
    return keras.Model(inputs, layers.GlobalAveragePooling2D(name="features")(x), name=name)
