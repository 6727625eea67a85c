"""Backbones by name: Functional models from items to features (N, D). Items are images in [0, 1],
(N, size, size, channels), or the series (N, T, F) of `gru`.
"""

import inspect
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from sslzoo.checks import one_of, refused
from sslzoo.nn.layers import Seeds, image_input
from sslzoo.nn.recurrent import gru
from sslzoo.nn.resnet import IMAGENET, cifar_resnet, conv_bn, resnet
from sslzoo.nn.srresnet import srresnet
from sslzoo.nn.wide_resnet import wide_resnet


def convnet(
    name: str,
    image_size: int | Sequence[int] = 32,
    channels: int = 3,
    width: int = 64,
    depth: int = 4,
    seed: int = 0,
) -> keras.Model:
    """`depth` times 3x3 convolution, BatchNorm, ReLU, with 2x2 max-pooling while the map is larger
    than 2 px; mean over the map.

    Depth 4 and width 64 are the Conv-4 of few-shot learning (Vinyals et al. 2016).

    Example:
        >>> from sslzoo import nn
        >>> nn.backbone("convnet", 28, channels=1).output_shape
        (None, 64)
    """
    seeds = Seeds(seed)
    inputs = image_input(image_size, channels)
    x = inputs
    for index in range(1, depth + 1):
        x = conv_bn(x, width, 3, 1, f"block{index}", seeds)
        if x.shape[1] > 2:
            x = layers.MaxPooling2D(2, name=f"block{index}_pool")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D(name="features")(x), name=name)


def micro(
    name: str,
    image_size: int | Sequence[int] = 8,
    channels: int = 3,
    width: int = 8,
    seed: int = 0,
) -> keras.Model:
    """Two convolutions: the network of the tests.

    Example:
        >>> from sslzoo import nn
        >>> nn.backbone("micro", 8).output_shape
        (None, 16)
    """
    seeds = Seeds(seed)
    inputs = image_input(image_size, channels)
    x = conv_bn(inputs, width, 3, 1, "block1", seeds)
    x = conv_bn(x, 2 * width, 3, 2, "block2", seeds)
    return keras.Model(inputs, layers.GlobalAveragePooling2D(name="features")(x), name=name)


def mlp(
    name: str,
    image_size: int | Sequence[int] = 28,
    channels: int = 3,
    widths: Sequence[int] = (400, 400),
    seed: int = 0,
) -> keras.Model:
    """Dense layers with ReLU on the flattened pixels, no BatchNorm: the network of split MNIST.
    400-400 as in van de Ven & Tolias 2019 (arXiv:1904.07734).

    Example:
        >>> from sslzoo import nn
        >>> nn.backbone("mlp", 28, channels=1, widths=[100]).count_params()
        78500
    """
    seeds = Seeds(seed)
    inputs = image_input(image_size, channels)
    x = layers.Flatten(name="pixels")(inputs)
    for index, width in enumerate(widths, 1):
        last = "features" if index == len(widths) else f"dense{index}"
        x = layers.Dense(width, activation="relu", kernel_initializer=seeds.glorot(), name=last)(x)
    return keras.Model(inputs, x, name=name)


BACKBONES = (
    {name: resnet for name in IMAGENET}
    | {f"resnet{depth}": cifar_resnet for depth in (20, 32, 44, 56)}
    | {f"wrn28_{width}": wide_resnet for width in (2, 8)}  # FixMatch's, of CIFAR-10 and CIFAR-100
    | {"convnet": convnet, "micro": micro, "mlp": mlp, "srresnet": srresnet, "gru": gru}
)


def backbone(name: str, image_size: int | tuple | None = None, **options: Any) -> keras.Model:
    """Build a backbone.

    Args:
        name: one of `BACKBONES`.
        image_size: pixels of a square, or [height, width], for networks of images. None: 32.
        options: of that family: `width`, `stem`, `zero_gamma`, `channels`, `seed`, ...

    Raises:
        ValueError: unknown name or option, naming the nearest; an image size for a network that
        reads no images.

    Example:
        >>> from sslzoo import nn
        >>> nn.backbone("resnet20", 32, width=8).output_shape
        (None, 32)
    """
    build = BACKBONES[one_of("backbone", name, BACKBONES)]
    parameters = inspect.signature(build).parameters
    allowed = [p for p in parameters if p not in ("name", "image_size")]
    for option in options:
        one_of(f"option of {name}", option, allowed)
    if "image_size" in parameters:
        return build(name, 32 if image_size is None else image_size, **options)
    if image_size is not None:
        raise refused("image_size", image_size, f"be None for {name}, which reads no images")
    return build(name, **options)
