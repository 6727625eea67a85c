"""Additions of folded networks: kept from TensorFlow's fusion, and otherwise what they were."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from sslzoo import nn
from sslzoo.nn.apart import Apart

INPUTS = keras.Input((8, 8, 3), name="images")


def conv(x):
    return layers.Conv2D(3, 3, padding="same")(x)


def inner():
    x = keras.Input((8, 8, 3))
    return keras.Model(x, layers.Add()([x, conv(x)]))


def twice(model):
    return model(model(INPUTS))


class Sum(layers.Add):
    pass


SUMS = {
    "Add": lambda: layers.Add()([INPUTS, conv(INPUTS)]),
    "subclass": lambda: Sum()([INPUTS, conv(INPUTS)]),
    "Average": lambda: layers.Average()([INPUTS, conv(INPUTS)]),
    "add": lambda: layers.add([INPUTS, conv(INPUTS)]),
    "operator": lambda: INPUTS + conv(INPUTS),
    "operation": lambda: ops.add(x1=conv(INPUTS), x2=INPUTS),
    "constant": lambda: conv(INPUTS) + conv(INPUTS) + 1.0,
    "model inside, twice": lambda: twice(inner()),
}


def test_a_residual_network_has_its_additions_apart():
    folded = nn.fold(nn.backbone("resnet20", 32, width=4))
    # both summands of nine blocks
    assert sum(isinstance(layer, Apart) for layer in folded.layers) == 18


@pytest.mark.parametrize("name", SUMS)
def test_the_sum_is_the_same(name):
    model = keras.Model(INPUTS, SUMS[name]())
    x = np.random.default_rng(0).uniform(size=(2, 8, 8, 3)).astype("float32")
    np.testing.assert_allclose(
        ops.convert_to_numpy(nn.fold(model)(x)),
        ops.convert_to_numpy(model(x)),
        rtol=1e-5,
        atol=1e-6,
    )


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", SUMS)
def test_no_convolution_is_fused_with_the_addition(name):
    model = keras.Model(INPUTS, SUMS[name]())
    assert [b"BiasAdd"] in fusions(nn.fold(model))
    assert not any(b"Add" in fused for fused in fusions(nn.fold(model)))


@pytest.mark.tensorflow
def test_on_its_own_tensorflow_fuses_them():
    """Else neither `Apart` nor the test before this one is needed any more."""
    if not one_dnn():
        pytest.skip("oneDNN is off in this process; no other kernel fuses an addition")
    assert any(b"Add" in fused for fused in fusions(keras.Model(INPUTS, SUMS["Add"]())))


def fusions(network):
    """What TensorFlow fuses with each convolution of a network, in the graph that it runs."""
    nodes = [
        node
        for graph in graphs(network)
        for node in graph.post_optimization_graph.node
        if "FusedConv" in node.op
    ]
    return [list(node.attr["fused_ops"].list.s) for node in nodes]


def one_dnn():
    """Whether TensorFlow computes a convolution with oneDNN, by the name of the kernel."""
    nodes = [
        node
        for graph in graphs(keras.Model(INPUTS, conv(INPUTS)))
        for part in graph.partition_graphs
        for node in part.node
    ]
    assert any("Conv2D" in node.op for node in nodes)
    return any("Mkl" in node.op and "Conv2D" in node.op for node in nodes)


def graphs(network):
    """The graphs that TensorFlow makes of a network: optimized, and with the kernels it runs."""
    import tensorflow as tf

    # public only as `tf.summary.trace_export`, which writes it to a file
    from tensorflow.python.eager import context

    context.context().enable_run_metadata()
    try:
        tf.function(network, autograph=False)(tf.zeros((2, 8, 8, 3)))
        return context.context().export_run_metadata().function_graphs
    finally:
        context.context().disable_run_metadata()


@pytest.fixture
def policy():
    before = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)


@pytest.mark.parametrize(
    ("own", "around"), [("mixed_bfloat16", "float32"), ("float32", "mixed_bfloat16")]
)
def test_precision_is_the_models_own(policy, own, around):
    policy(own)
    x = keras.Input((8, 8, 3))
    model = keras.Model(x, layers.Add()([conv(x), conv(x)]))
    policy(around)
    folded = nn.fold(model)
    x = np.random.default_rng(0).uniform(size=(2, 8, 8, 3)).astype("float32")
    found, expected = folded(x), model(x)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(
        *(ops.convert_to_numpy(ops.cast(y, "float32")) for y in (found, expected))
    )


def test_masks_pass_without_a_warning(recwarn):
    words = keras.Input((5,))
    x = layers.Embedding(7, 4, mask_zero=True)(words)
    nn.fold(keras.Model(words, layers.Add()([x, x])))
    assert not recwarn
