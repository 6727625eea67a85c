"""Wide ResNets (Zagoruyko & Komodakis 2016, arXiv:1605.07146) as semi-supervised learning builds
them.
"""

from collections.abc import Sequence

import keras
from keras import layers

from sslzoo.checks import above, in_range
from sslzoo.nn.layers import Seeds, batch_norm, image_input
from sslzoo.nn.resnet import conv


def wide_resnet(
    name: str,
    image_size: int | Sequence[int],
    channels: int = 3,
    leak: float = 0.1,
    momentum: float = 0.999,
    epsilon: float = 1e-3,
    seed: int = 0,
) -> keras.Model:
    """WRN-depth-width: a convolution of 16 channels, three stages of (depth - 4) / 6 pre-activation
    blocks with 16, 32 and 64 times `width` channels, the last two of which begin with stride 2;
    mean over the map.

    As in google-research/fixmatch and TorchSSL (models/nets/wrn.py): LeakyReLU, the very first
    block activates before it branches, shortcuts that change shape are 1x1 convolutions without
    BatchNorm. Two differences: no biases, which every BatchNorm that follows would take away again;
    and where a block changes the shape, its convolutions see the activated input, as in the paper
    and in Google's code (TorchSSL's see the raw one in stages 2 and 3).

    Args:
        name: "wrn28_2", ...: depth and width.
        leak: slope of LeakyReLU below 0.
        momentum, epsilon: of BatchNorm; 0.999 and 1e-3 there, for runs of 2^20 steps. At 0.999 the
            statistics of a run of 1,500 steps would still hold a fifth of their initial values.

    Example:
        >>> from sslzoo.nn.wide_resnet import wide_resnet
        >>> wide_resnet("wrn10_1", 32).output_shape
        (None, 64)
    """
    depth, width = map(int, name.removeprefix("wrn").split("_"))
    seeds = Seeds(seed)
    in_range("momentum", momentum, 0, 1)
    above("epsilon", epsilon, 0)

    def activated(x, label):
        x = batch_norm(f"{label}_bn", momentum=momentum, epsilon=epsilon)(x)
        return layers.LeakyReLU(leak, name=f"{label}_relu")(x)

    def block(x, filters, stride, label, first):
        before = activated(x, f"{label}_1")
        shortcut = before if first else x
        if x.shape[-1] != filters:
            shortcut = conv(shortcut, filters, 1, stride, f"{label}_downsample_conv", seeds)
        x = conv(before, filters, 3, stride, f"{label}_1_conv", seeds)
        x = conv(activated(x, f"{label}_2"), filters, 3, 1, f"{label}_2_conv", seeds)
        return layers.Add(name=f"{label}_add")([x, shortcut])

    inputs = image_input(image_size, channels)
    x = conv(inputs, 16, 3, 1, "stem_conv", seeds)
    for stage in range(3):
        for index in range((depth - 4) // 6):
            stride = 2 if stage > 0 and index == 0 else 1
            first = stage == index == 0
            x = block(x, 16 * width * 2**stage, stride, f"stage{stage + 1}_block{index + 1}", first)
    features = layers.GlobalAveragePooling2D(name="features")(activated(x, "last"))
    return keras.Model(inputs, features, name=name)
