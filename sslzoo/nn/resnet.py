"""ResNets (He et al. 2016, arXiv:1512.03385) as plain Functional models: images in [0, 1] -> pooled
features.

Layer order, padding and names follow torchvision (v1.5: the stride sits in the 3x3 convolution), so
that official checkpoints can be mapped by name.
"""

import keras
from keras import layers

from sslzoo.nn.layers import Seeds, batch_norm, image_input

IMAGENET = {  # name: (block, blocks per stage); stages of width 64, 128, 256, 512
    "resnet18": ("basic", (2, 2, 2, 2)),
    "resnet34": ("basic", (3, 4, 6, 3)),
    "resnet50": ("bottleneck", (3, 4, 6, 3)),
}


def conv(x, filters, kernel, stride, name, seeds):
    """A convolution without bias, padded as torch pads: k // 2 on each side, whatever the
    stride.
    """
    if stride > 1 and kernel > 1:  # "same" would pad one side only
        x = layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x)
    padding = "valid" if stride > 1 else "same"
    return layers.Conv2D(
        filters, kernel, stride, padding, use_bias=False, kernel_initializer=seeds.he(), name=name
    )(x)


def conv_bn(x, filters, kernel, stride, name, seeds, relu=True, gamma="ones"):
    x = conv(x, filters, kernel, stride, f"{name}_conv", seeds)
    x = batch_norm(f"{name}_bn", gamma_initializer=gamma)(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def residual(x, filters, stride, block, name, seeds, zero_gamma):
    last = "zeros" if zero_gamma else "ones"
    expansion = 4 if block == "bottleneck" else 1
    shortcut = x
    if stride > 1 or x.shape[-1] != filters * expansion:
        shortcut = conv_bn(
            x, filters * expansion, 1, stride, f"{name}_downsample", seeds, relu=False
        )
    if block == "bottleneck":
        x = conv_bn(x, filters, 1, 1, f"{name}_1", seeds)
        x = conv_bn(x, filters, 3, stride, f"{name}_2", seeds)
        x = conv_bn(x, filters * 4, 1, 1, f"{name}_3", seeds, relu=False, gamma=last)
    else:
        x = conv_bn(x, filters, 3, stride, f"{name}_1", seeds)
        x = conv_bn(x, filters, 3, 1, f"{name}_2", seeds, relu=False, gamma=last)
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, shortcut]))


def resnet(name, image_size, channels=3, stem=None, zero_gamma=True, width=64, seed=0):
    """ResNet-18, -34 or -50.

    Args:
        stem: "imagenet" (7x7 stride 2, max-pool) or "cifar" (3x3 stride 1, no pool; SimCLR's rule
            for sizes <= 32). By default "cifar" up to 64 px.
        zero_gamma: start the last BatchNorm of every residual branch at 0 (Goyal et al. 2017;
        SimCLR's code does).
        width: channels of the first stage (64 in the paper).
    """
    block, depths = IMAGENET[name]
    inputs = x = image_input(image_size, channels)
    stem = stem or ("cifar" if max(inputs.shape[1:3]) <= 64 else "imagenet")
    if stem not in ("cifar", "imagenet"):
        raise ValueError(f"stem: got {stem!r}; it must be 'cifar' or 'imagenet'.")
    seeds = Seeds(seed)
    if stem == "imagenet":
        x = conv_bn(x, width, 7, 2, "stem", seeds)
        # after a ReLU zero padding equals torch's -inf
        x = layers.ZeroPadding2D(1, name="pool_pad")(x)
        x = layers.MaxPooling2D(3, 2, name="pool")(x)
    else:
        x = conv_bn(x, width, 3, 1, "stem", seeds)
    return _stages(name, inputs, x, block, depths, width, seeds, zero_gamma)


def cifar_resnet(name, image_size, channels=3, width=16, zero_gamma=True, seed=0):
    """ResNet-20, -32, -44, -56 (He et al. 2016, section 4.2): three stages of `width`, 2 and 4
    times that (16 there).

    Shortcuts that change shape are projections (option B; the paper's CIFAR nets pad with zeros).
    """
    depth = int(name.removeprefix("resnet"))
    seeds = Seeds(seed)
    inputs = image_input(image_size, channels)
    x = conv_bn(inputs, width, 3, 1, "stem", seeds)
    return _stages(name, inputs, x, "basic", ((depth - 2) // 6,) * 3, width, seeds, zero_gamma)


def _stages(name, inputs, x, block, depths, width, seeds, zero_gamma):
    for stage, depth in enumerate(depths):
        for index in range(depth):
            stride = 2 if stage > 0 and index == 0 else 1
            x = residual(
                x,
                width * 2**stage,
                stride,
                block,
                f"stage{stage + 1}_block{index + 1}",
                seeds,
                zero_gamma,
            )
    return keras.Model(inputs, layers.GlobalAveragePooling2D(name="features")(x), name=name)
