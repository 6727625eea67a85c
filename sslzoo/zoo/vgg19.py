"""SRGAN's content network from the weights that people hold: of Keras or of torchvision."""

import os
from pathlib import Path
from typing import Any

import keras

from sslzoo import nn
from sslzoo.checks import refused
from sslzoo.zoo.importers import layouts, tensors
from sslzoo.zoo.importers.layout import fill

TORCH = (".pth", ".pt")


def vgg19(name: str, source: Any, pretrained: bool = True) -> keras.Model:
    """`sslzoo.nn.vgg19_features` with published weights.

    Args:
        name: Of the setting, for errors.
        source: "imagenet" (a download), or the path of Keras' file of VGG-19 without top or of
            torchvision's `vgg19-dcbb9e9d.pth`. Nothing in it is executed.
        pretrained: Whether to read it. If not, the weights are random.

    Raises:
        FileNotFoundError: There is no such file. ValueError: It does not hold VGG-19.

    Example:
        >>> vgg19("content", "vgg19-dcbb9e9d.pth", pretrained=False).output_shape
        (None, None, None, 512)
    """
    path = Path(os.path.expanduser(str(source)))
    torch = path.suffix in TORCH
    if not pretrained or source == "imagenet":
        return nn.vgg19_features("imagenet" if pretrained else None, torch)
    if not path.is_file():
        needed = (
            "be an existing file of VGG-19's weights without top, torchvision's vgg19-dcbb9e9d.pth,"
            " or imagenet (a download)"
        )
        raise FileNotFoundError(str(refused(name, repr(source), needed)))
    if not torch:
        return nn.vgg19_features(str(path))
    network = nn.vgg19_features(None, torch=True)
    fill(network.weights, tensors(path), layouts.find("torchvision_vgg19"), str(path))
    return network
