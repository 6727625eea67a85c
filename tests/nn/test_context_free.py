"""The context-free network, in its two forms, and jigsaw on it."""

import keras
import numpy as np
import pytest

from sslzoo import nn
from sslzoo.methods.pretext.jigsaw import Jigsaw


def test_its_convolutions_are_those_of_alexnet():
    network = nn.backbone("context_free", 224)
    kernels = [x.kernel.shape for x in network.layers if isinstance(x, keras.layers.Conv2D)]
    assert kernels == [
        (11, 11, 3, 96),
        (5, 5, 96, 256),
        (3, 3, 256, 384),
        (3, 3, 384, 384),
        (3, 3, 384, 256),
    ]
    assert nn.blocks(network).names == ["block1", "block2", "block3", "block4", "features"]


@pytest.mark.parametrize(("size", "patch", "side"), [(224, 64, 3), (32, 8, 2)])
def test_jigsaw_shows_it_patches(size, patch, side):
    network = nn.backbone("context_free", size, width=1)
    model = Jigsaw(network, permutations=4, patch_size=patch, patch_units=4, units=4)
    patches = np.random.default_rng(0).random((2, 9, patch, patch, 3), "float32")
    assert tuple(model.patch_features(patches).shape) == (2, 9, 8)
    maps = nn.blocks(nn.at_size(network, patch), pooled=False).network.output_shape
    assert maps[-1] == (None, side, side, 8)
