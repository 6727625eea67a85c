"""ResNets with selective kernels, as SimCLR v2 publishes them: images (N, H, W, C) -> features
(N, 32 width).
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from sslzoo.checks import one_of
from sslzoo.nn.layers import Seeds, image_input
from sslzoo.nn.resnet import IMAGENET, conv, conv_bn

RATIO = 0.0625  # sk_ratio of SimCLR v2; at least 32 channels


@keras.saving.register_keras_serializable("sslzoo")
class StreamMean(layers.Layer):
    """Two streams side by side (N, H, W, 2 C) -> the mean over the map of their sum (N, 1, 1, C).

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.selective_kernels import StreamMean
        >>> tuple(StreamMean()(np.zeros((1, 4, 4, 6), "float32")).shape)
        (1, 1, 1, 3)
    """

    def call(self, x: Any) -> Any:
        first, second = ops.split(x, 2, axis=-1)
        return ops.mean(first + second, axis=(1, 2), keepdims=True)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], 1, 1, input_shape[-1] // 2)


@keras.saving.register_keras_serializable("sslzoo")
class MixStreams(layers.Layer):
    """Two streams (N, H, W, 2 C) and their logits (N, 1, 1, 2 C) -> their mix (N, H, W, C). The
    weights are a softmax over the two, channel by channel.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.selective_kernels import MixStreams
        >>> maps, logits = np.zeros((1, 4, 4, 6), "float32"), np.zeros((1, 1, 1, 6), "float32")
        >>> tuple(MixStreams()([maps, logits]).shape)
        (1, 4, 4, 3)
    """

    def call(self, inputs: Sequence[Any]) -> Any:
        maps, logits = (ops.split(x, 2, axis=-1) for x in inputs)
        first = ops.sigmoid(logits[0] - logits[1])  # the softmax of two
        return first * maps[0] + (1 - first) * maps[1]

    def compute_output_shape(self, input_shape: Sequence[tuple]) -> tuple:
        maps, _ = input_shape
        return (*maps[:-1], maps[-1] // 2)


def sk_resnet(
    name: str,
    image_size: int | Sequence[int],
    channels: int = 3,
    stem: str | None = None,
    width: int = 64,
    zero_gamma: bool = True,
    seed: int = 0,
) -> keras.Model:
    """ResNet-50, -101 or -152 with selective kernels (Li et al. 2019, arXiv:1903.06586) and the
    stem and shortcuts of ResNet-D (He et al. 2019, arXiv:1812.01187).

    As in google-research/simclr (Chen et al. 2020, arXiv:2006.10029): strided convolutions pad both
    sides, the pooling of the stem pads as TensorFlow's "same".

    Args:
        name: "resnet50_sk", "resnet101_sk" or "resnet152_sk".
        stem: "imagenet" (three of 3x3, max-pool) or "cifar" (3x3). By default "cifar" up to 64 px.
        width: channels of the first stage: 64, 128 or 192 for SimCLR v2's 1x, 2x and 3x.

    Raises:
        ValueError: another stem.

    Example:
        >>> from sslzoo import nn
        >>> nn.backbone("resnet50_sk", 32, width=8).output_shape
        (None, 256)
    """
    _, depths = IMAGENET[name.removesuffix("_sk")]
    seeds = Seeds(seed)
    inputs = image_input(image_size, channels)
    default = "cifar" if max(inputs.shape[1:3]) <= 64 else "imagenet"
    if one_of("stem", stem or default, ("cifar", "imagenet")) == "imagenet":
        x = conv_bn(inputs, width // 2, 3, 2, "stem1", seeds)
        x = conv_bn(x, width // 2, 3, 1, "stem2", seeds)
        x = conv_bn(x, width, 3, 1, "stem3", seeds)
        x = layers.MaxPooling2D(3, 2, "same", name="pool")(x)
    else:
        x = conv_bn(inputs, width, 3, 1, "stem", seeds)
    for stage, depth in enumerate(depths):
        for index in range(depth):
            stride = 2 if stage > 0 and index == 0 else 1
            label = f"stage{stage + 1}_block{index + 1}"
            x = _block(x, width * 2**stage, stride, label, seeds, index == 0, zero_gamma)
    return keras.Model(inputs, layers.GlobalAveragePooling2D(name="features")(x), name=name)


def _block(
    x: Any, filters: int, stride: int, name: str, seeds: Seeds, project: bool, zero_gamma: bool
) -> Any:
    """A bottleneck, (N, H, W, C) -> (N, H / stride, W / stride, 4 filters)."""
    shortcut = x
    if project:
        if stride == 2:  # zeros behind odd sizes count in the mean
            shortcut = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"{name}_downsample_pad")(x)
        padding = "same" if stride == 1 else "valid"
        pool = layers.AveragePooling2D(2, stride, padding, name=f"{name}_downsample_pool")
        downsample = f"{name}_downsample"
        shortcut = conv_bn(pool(shortcut), 4 * filters, 1, 1, downsample, seeds, relu=False)
    x = conv_bn(x, filters, 1, 1, f"{name}_1", seeds)
    streams = conv_bn(x, 2 * filters, 3, stride, f"{name}_2", seeds)  # (N, H, W, 2 filters)
    y = StreamMean(name=f"{name}_mean")(streams)  # (N, 1, 1, filters)
    y = conv_bn(y, max(int(filters * RATIO), 32), 1, 1, f"{name}_squeeze", seeds)
    y = conv(y, 2 * filters, 1, 1, f"{name}_mix_conv", seeds)  # (N, 1, 1, 2 filters)
    x = MixStreams(name=f"{name}_mix")([streams, y])  # (N, H, W, filters)
    last = "zeros" if zero_gamma else "ones"
    x = conv_bn(x, 4 * filters, 1, 1, f"{name}_3", seeds, relu=False, gamma=last)
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, shortcut]))
