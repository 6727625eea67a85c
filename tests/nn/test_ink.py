import numpy as np
import pytest
from keras import ops

import sslzoo
from sslzoo import nn


def drawings(count=6, size=28):
    """Light strokes on dark, of about a fifth of the pixels."""
    rng = np.random.default_rng(0)
    return (255 * (rng.random((count, size, size, 1)) < 0.2)).astype("uint8")


def test_each_drawing_is_turned_by_itself():
    light = drawings().astype("float32") / 255
    mixed = np.concatenate([light[:3], 1 - light[3:]])
    np.testing.assert_allclose(ops.convert_to_numpy(nn.LightInk()(mixed)), light, atol=1e-6)


@pytest.mark.parametrize("name", ["triplet_convnet.omniglot", "siamese_convnet.omniglot"])
def test_models_of_omniglot_read_dark_ink_on_white_too(name):
    model = sslzoo.load(name)
    light = drawings()
    dark = 255 - light
    np.testing.assert_allclose(model.encode(dark), model.encode(light), rtol=1e-4, atol=1e-5)


def test_data_with_light_ink_are_left_as_they_are():
    with_layer = nn.backbone("convnet", 28, channels=1, width=4, light_ink=True)
    without = nn.backbone("convnet", 28, channels=1, width=4)
    light = drawings().astype("float32") / 255
    np.testing.assert_array_equal(
        ops.convert_to_numpy(with_layer(light)), ops.convert_to_numpy(without(light))
    )
