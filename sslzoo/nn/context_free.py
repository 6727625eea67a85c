"""One patch of the context-free network (Noroozi & Favaro 2016, arXiv:1603.09246)."""

from collections.abc import Sequence

import keras
from keras import layers

from sslzoo.nn.layers import Seeds, image_input
from sslzoo.nn.resnet import conv_bn

SMALL = 64  # pixels of an image up to which the first layers are those for small images
TIMES = (3, 8, 12, 12, 8)  # channels of the five convolutions, times `width`


def context_free(
    name: str,
    image_size: int | Sequence[int] = 32,
    channels: int = 3,
    width: int = 32,
    seed: int = 0,
) -> keras.Model:
    """The five convolutions of AlexNet, which see one patch without its context.

    The dense layer behind them, and those that see all patches, are heads of the method. Jigsaw
    has both. As in the authors' code, the first convolution has stride 2, so that patches of 64 px
    leave a map. Up to 64 px all convolutions are 3x3 with stride 1, so that patches of 8 px do. The
    mean over the map is here where the paper has all of it: images of any size then fit. BatchNorm
    stands for local response normalization, and convolutions are not split into two groups.

    Args:
        width: A third of the channels of the first convolution. AlexNet's 96, 256, 384, 384, 256
            are 32.

    Example:
        >>> from sslzoo import nn
        >>> network = nn.backbone("context_free", 32, width=4)
        >>> network.output_shape
        (None, 32)
        >>> nn.at_size(network, 8).output_shape
        (None, 32)
    """
    seeds = Seeds(seed)
    inputs = image_input(image_size, channels)
    small = max(inputs.shape[1:3]) <= SMALL
    kernels = (3, 3, 3, 3, 3) if small else (11, 5, 3, 3, 3)
    pooled = (1, 2) if small else (1, 2, 5)
    x = inputs
    for index, (times, kernel) in enumerate(zip(TIMES, kernels, strict=True), 1):
        stride = 2 if index == 1 and not small else 1
        x = conv_bn(x, times * width, kernel, stride, f"block{index}", seeds)
        if index in pooled:
            padding = "same" if small else "valid"
            x = layers.MaxPooling2D(3, 2, padding, name=f"block{index}_pool")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D(name="features")(x), name=name)
