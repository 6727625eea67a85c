"""Backbones by name: Functional models from items to features (N, D). Items are images in [0, 1],
(N, size, size, channels), the series (N, T, F) of `gru` and `series_transformer`, or
the audio (N, T) of `speech_transformer`.
"""

import inspect
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from sslzoo.checks import check_call, one_of, refused, whole
from sslzoo.inputs import check_settings
from sslzoo.nn.borrowed import borrowed
from sslzoo.nn.context_free import context_free
from sslzoo.nn.ink import LightInk
from sslzoo.nn.layers import Seeds, image_input
from sslzoo.nn.normalize import normalized
from sslzoo.nn.recurrent import gru
from sslzoo.nn.resnet import IMAGENET, cifar_resnet, conv_bn, resnet
from sslzoo.nn.selective_kernels import sk_resnet
from sslzoo.nn.speech_transformer import speech_transformer
from sslzoo.nn.srresnet import srresnet
from sslzoo.nn.step_transformer import series_transformer
from sslzoo.nn.vit import SIZES, vit
from sslzoo.nn.wide_resnet import wide_resnet


def convnet(
    name: str,
    image_size: int | Sequence[int] = 32,
    channels: int = 3,
    width: int = 64,
    depth: int = 4,
    light_ink: bool = False,
    seed: int = 0,
) -> keras.Model:
    """`depth` times 3x3 convolution, BatchNorm, ReLU, with 2x2 max-pooling while the map is larger
    than 2 px; mean over the map.

    Depth 4 and width 64 are the Conv-4 of few-shot learning (Vinyals et al. 2016).

    Args:
        light_ink: bring drawings to light ink on dark, as few-shot learning has Omniglot, whichever
            way they come (`sslzoo.nn.LightInk`).

    Example:
        >>> from sslzoo import nn
        >>> nn.backbone("convnet", 28, channels=1).output_shape
        (None, 64)
    """
    seeds = Seeds(seed)
    inputs = image_input(image_size, channels)
    x = LightInk(name="light_ink")(inputs) if light_ink else inputs
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
    """A network of two convolutions, for tests.

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
    """Dense layers with ReLU on the flattened pixels, without BatchNorm.

    This is the network of split MNIST. Van de Ven & Tolias 2019 (arXiv:1904.07734) have 400-400.

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


def lenet(
    name: str,
    image_size: int | Sequence[int] = 28,
    channels: int = 3,
    width: int = 20,
    seed: int = 0,
) -> keras.Model:
    """Two 5x5 convolutions without padding, each with ReLU and 2x2 max-pooling, and a dense layer
    with ReLU. There is no BatchNorm.

    Width 20 is the LeNet of erictzeng/adda: 20 and 50 channels, 500 features.

    Example:
        >>> from sslzoo import nn
        >>> nn.backbone("lenet", 28, channels=1).output_shape
        (None, 500)
    """
    seeds = Seeds(seed)
    x = inputs = image_input(image_size, channels)
    for index, filters in enumerate((width, 5 * width // 2), 1):
        options = {"activation": "relu", "kernel_initializer": seeds.he()}
        x = layers.Conv2D(filters, 5, name=f"conv{index}", **options)(x)
        x = layers.MaxPooling2D(2, name=f"pool{index}")(x)
    dense = layers.Dense(
        25 * width, activation="relu", kernel_initializer=seeds.glorot(), name="features"
    )
    return keras.Model(inputs, dense(layers.Flatten(name="flat")(x)), name=name)


BACKBONES = (
    {name: resnet for name in IMAGENET}
    | {f"resnet{depth}": cifar_resnet for depth in (20, 32, 44, 56)}
    | {f"resnet{depth}_sk": sk_resnet for depth in (50, 101, 152)}  # SimCLR v2
    | {name: vit for name in SIZES}
    | {f"wrn28_{width}": wide_resnet for width in (2, 8)}  # FixMatch's, of CIFAR-10 and CIFAR-100
    | {"convnet": convnet, "context_free": context_free, "micro": micro, "mlp": mlp}
    | {"lenet": lenet}
    | {"srresnet": srresnet, "gru": gru, "series_transformer": series_transformer}
    | {"speech_transformer": speech_transformer}
)


def backbone(
    name: str,
    image_size: int | tuple | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    interpolation: str = "bilinear",
    share: float = 1.0,
    **options: Any,
) -> keras.Model:
    """Build a backbone.

    Args:
        name: A name from `BACKBONES`; "keras:" and a name of `keras.applications`; or "keras_hub:"
            and a preset of KerasHub, where it is installed.
        image_size: Side of a square in pixels, or [height, width], for networks of images. Default:
            32, or what a preset of KerasHub has, or 224 for `keras.applications`.
        mean: What the network subtracts of each channel of images in [0, 1], as its checkpoint
            did. None: nothing.
        std: What it divides each channel by afterwards.
        interpolation, share: How its checkpoint brought whole images to its size: with "bicubic",
            and of the central share of both sides, such as 0.875.
        options: Options of the network, such as `width`, `stem`, `zero_gamma`, `channels` or
            `seed`.

    Raises:
        ValueError: unknown name or option, naming the nearest; an option of another type, or a size
            below 1; an image size, mean or deviation for a network that reads no images or has
            its own; settings of Keras that no model here works with.

    Example:
        >>> from sslzoo import nn
        >>> nn.backbone("resnet20", 32, width=8).output_shape
        (None, 32)
    """
    check_settings()
    if isinstance(name, str) and ":" in name:
        _check_none(f"{name}, which has its own", mean=mean, std=std)
        _check_usual(f"{name}, which has its own", interpolation, share)
        return borrowed(name, image_size, options)
    build = BACKBONES[one_of("backbone", name, BACKBONES)]
    check_call(build, options, f"option of {name}", leave=("name", "image_size"))
    for option, value in options.items():
        sizes = value if isinstance(value, (list, tuple)) else [value]
        for size in sizes:
            if isinstance(size, int) and not isinstance(size, bool):
                whole(option, size, least=0 if option == "seed" else 1)
    if "seed" in options:
        options["seed"] = whole("seed", options["seed"], 0, 2**31 - 1)
    if "image_size" in inspect.signature(build).parameters:
        network = build(name, 32 if image_size is None else image_size, **options)
        return normalized(network, mean, std, interpolation, share)
    _check_none(f"{name}, which reads no images", image_size=image_size, mean=mean, std=std)
    _check_usual(f"{name}, which reads no images", interpolation, share)
    return build(name, **options)


def _check_none(network: str, **settings: Any) -> None:
    for setting, value in settings.items():
        if value is not None:
            raise refused(setting, value, f"be None for {network}")


def _check_usual(network: str, interpolation: str, share: float) -> None:
    if (interpolation, share) != ("bilinear", 1.0):
        name = "share" if share != 1.0 else "interpolation"
        raise refused(name, interpolation if share == 1.0 else share, f"be left out for {network}")
