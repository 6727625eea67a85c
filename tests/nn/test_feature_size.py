"""The length of features is known before a backbone is built."""

import pytest

from sslzoo import nn
from sslzoo.nn.feature_size import feature_size

BUILT = {
    "resnet18": {"width": 8},
    "resnet50": {"width": 8},
    "resnet50_sk": {"width": 8},
    "resnet20": {},
    "wrn28_2": {},
    "vit_micro": {"patch": 4},
    "vit_tiny": {"patch": 8},
    "convnet": {"depth": 2},
    "context_free": {"width": 2},
    "micro": {},
    "lenet": {"width": 4},
    "mlp": {"widths": [20, 12]},
    "srresnet": {"blocks": 1, "width": 8},
    "gru": {"units": [7, 5]},
    "series_transformer": {"width": 8, "depth": 1},
    "speech_transformer": {"width": 8, "depth": 1, "heads": 2},
}


@pytest.mark.parametrize("name", BUILT)
def test_it_is_that_of_the_network(name):
    size = None if name == "gru" or name.endswith("_transformer") else 32
    network = nn.backbone(name, size, **BUILT[name])
    assert feature_size(name, **BUILT[name]) == network.output_shape[-1]


def test_every_backbone_has_one():
    assert all(feature_size(name) > 0 for name in nn.BACKBONES)


def test_that_of_another_library_is_not_known():
    assert feature_size("keras:ResNet50") is None
