"""The length of the features of a named backbone, without building it."""

import inspect
from typing import Any

from sslzoo.nn.backbones import BACKBONES, convnet, lenet, micro, mlp
from sslzoo.nn.context_free import context_free
from sslzoo.nn.recurrent import gru
from sslzoo.nn.resnet import IMAGENET, cifar_resnet
from sslzoo.nn.selective_kernels import sk_resnet
from sslzoo.nn.speech_transformer import speech_transformer
from sslzoo.nn.srresnet import srresnet
from sslzoo.nn.step_transformer import series_transformer
from sslzoo.nn.vit import SIZES

# times `width`: two or three stages double it, and a bottleneck has four times its channels
TIMES_WIDTH = {
    convnet: 1,
    series_transformer: 1,
    speech_transformer: 1,
    srresnet: 1,
    micro: 2,
    cifar_resnet: 4,
    context_free: 8,
    lenet: 25,
    sk_resnet: 32,
}
LAST_OF = {mlp: "widths", gru: "units"}


def feature_size(name: str, **options: Any) -> int | None:
    """D of the features (N, D) that `sslzoo.nn.backbone(name, **options)` gives; None of a network
    that is not in `BACKBONES`.

    Example:
        >>> from sslzoo.nn.feature_size import feature_size
        >>> feature_size("resnet20", width=8), feature_size("vit_small")
        (32, 384)
    """
    build = BACKBONES.get(name)
    if build is None:
        return None
    if name in SIZES:
        return SIZES[name][0]
    if name.startswith("wrn28_"):
        return 64 * int(name.removeprefix("wrn28_"))
    key = LAST_OF.get(build, "width")
    value = options.get(key, inspect.signature(build).parameters[key].default)
    if build in LAST_OF:
        return value[-1]
    if name in IMAGENET:
        return value * (8 if IMAGENET[name][0] == "basic" else 32)
    return value * TIMES_WIDTH[build]
