import keras
import numpy as np
import pytest
from keras import layers, ops

from sslzoo import nn
from sslzoo.nn.apart import Apart

INPUTS = keras.Input((8, 8, 3), name="images")


def conv(x):
    return layers.Conv2D(3, 3, padding="same")(x)


def block(x):
    return layers.Add()([x, conv(conv(x))])


def long_shortcut():
    """The sum of the block runs while the sum behind it still needs the same tensor."""
    x = conv(INPUTS)
    return layers.Add()([x, conv(block(x))])


def by_operations():
    x = conv(INPUTS)
    return x + conv(x + conv(x))


def side_branch():
    """Nothing orders the last convolution and the sum."""
    x = conv(INPUTS)
    return [layers.Add()([x, conv(INPUTS)]), conv(x)]


def also_an_output():
    x = conv(INPUTS)
    return [block(x), x]


def ordinary_blocks():
    return block(block(conv(INPUTS)))


def guards(folded):
    return [layer for layer in folded.layers if isinstance(layer, Apart)]


@pytest.mark.parametrize(
    ("network", "active"), [(long_shortcut, 1), (by_operations, 1), (side_branch, 1), (also_an_output, 1), (ordinary_blocks, 0)]
)
def test_a_sum_is_apart_where_others_need_a_summand(network, active):
    model = keras.Model(INPUTS, network())
    folded = nn.fold(model)
    x = np.random.default_rng(0).uniform(size=(2, 8, 8, 3)).astype("float32")
    for mine, theirs in zip(keras.tree.flatten(folded(x)), keras.tree.flatten(model(x)), strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(mine), ops.convert_to_numpy(theirs), atol=1e-5)
    assert sum(guard.active for guard in guards(folded)) == 2 * active  # two summands


@pytest.mark.parametrize(("name", "options"), [("resnet20", {"width": 4}), ("wrn28_2", {}), ("resnet50", {"width": 4})])
def test_residual_networks_stay_fused(name, options):
    found = guards(nn.fold(nn.backbone(name, 32, **options)))
    assert found and not any(guard.active for guard in found)


def test_the_generator_is_apart_at_the_block_inside_its_long_shortcut():
    generator = nn.srresnet_generator(nn.feature_map(nn.backbone("srresnet", 8, width=4, blocks=3)), scale=2)
    assert [guard.active for guard in guards(nn.fold(generator))] == [True] * 2 + [False] * 8


@pytest.mark.tensorflow
def test_the_graph_keeps_what_is_apart():
    import tensorflow as tf

    def kinds(network):
        folded = nn.fold(keras.Model(INPUTS, network()))
        graph = tf.function(folded, autograph=False).get_concrete_function(tf.TensorSpec((None, 8, 8, 3))).graph
        return [operation.type for operation in graph.get_operations()]

    assert kinds(long_shortcut).count("EnsureShape") == 2 and "EnsureShape" not in kinds(ordinary_blocks)
