"""Views of any kind of data: "none" is as it is, a layer is asked, presets are for images."""

import keras
import numpy as np
import pytest
from keras import ops

from sslzoo import inputs
from sslzoo.augment import OneView, TwoViews

OTHERS = [
    inputs.Series(7, 3),
    inputs.Tokens(5, vocabulary=9),
    inputs.Vectors(4),
    inputs.Audio(16),
    inputs.Graph(5, 3),
]


def assert_same(view, items):
    for mine, expected in zip(keras.tree.flatten(view), keras.tree.flatten(items), strict=True):
        mine = ops.convert_to_numpy(mine)
        assert mine.dtype == expected.dtype
        np.testing.assert_array_equal(mine, expected)


@pytest.mark.parametrize("reads", OTHERS, ids=lambda reads: reads.field)
def test_none_is_no_change_of_any_kind(reads):
    items = reads.examples(3)
    assert_same(OneView(reads, "none")(reads.named(items))["view"], items)
    views = TwoViews(reads, "none")(reads.named(items))
    assert_same(views["view1"], items)
    assert_same(views["view2"], items)


@pytest.mark.parametrize("size", [(8, 8), (6, 10), (None, None)])
def test_none_of_images_is_what_the_network_reads(size):
    reads = inputs.Images(*size)
    images = reads.examples(2, more=4)
    view = OneView(reads, "none")({"images": images})["view"]
    assert_same(view, ops.convert_to_numpy(reads.layer(images)))


@pytest.mark.parametrize("augment", ["simclr", {"preset": "none", "blur": 1}])
def test_a_preset_of_images_is_refused_for_another_kind(augment):
    with pytest.raises(ValueError, match="augment: got .*; it must be a Keras layer"):
        OneView(inputs.Series(7, 3), augment)


def test_a_layer_changes_the_two_views_apart():
    layer = keras.layers.GaussianNoise(0.1, seed=0)
    views = TwoViews(inputs.Vectors(4), layer)({"vectors": np.zeros((3, 4), "float32")})
    first, second = (ops.convert_to_numpy(views[name]) for name in ("view1", "view2"))
    assert np.abs(first).min() > 0 and np.abs(first - second).min() > 0
