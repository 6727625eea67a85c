import keras
import numpy as np
import pytest
from keras import ops

from sslzoo import nn
from sslzoo.nn.fold import FoldedConv


def shaken(model):
    """Weights and statistics that no two layers share."""
    rng = np.random.default_rng(0)
    for variable in model.weights:
        if variable.name != "kernel":
            variable.assign(rng.uniform(0.6, 1.4, variable.shape))
    return model


@pytest.mark.parametrize(
    ("name", "size", "options"),
    [
        ("micro", 8, {}),
        ("convnet", 16, {"width": 8}),
        ("resnet20", 16, {"width": 4, "zero_gamma": False}),
        ("resnet18", 32, {"width": 4, "stem": "imagenet"}),
        ("resnet20", 16, {"width": 4, "zero_gamma": False, "shortcuts": "zeros"}),
        ("vit_micro", 16, {}),
        pytest.param("resnet50_sk", 16, {"width": 4}, marks=pytest.mark.slow),
        pytest.param("resnet50", 16, {"width": 4, "stem": "cifar"}, marks=pytest.mark.slow),
    ],
)
def test_equals_the_network_it_folds(name, size, options):
    model = shaken(nn.backbone(name, size, **options))
    folded = nn.fold(model)
    x = np.random.default_rng(1).uniform(size=(3, size, size, 3)).astype("float32")
    expected = ops.convert_to_numpy(model(x, training=False))
    scale = np.abs(expected).max()
    np.testing.assert_allclose(
        ops.convert_to_numpy(folded(x)) / scale, expected / scale, rtol=1e-5, atol=1e-5
    )
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in folded.layers)


def test_reads_the_variables_as_they_are_now():
    model = shaken(nn.backbone("micro", 8))
    folded = nn.fold(model)
    x = np.random.default_rng(1).uniform(size=(3, 8, 8, 3)).astype("float32")
    for name in ("gamma", "beta", "moving_mean", "moving_variance"):
        before = ops.convert_to_numpy(folded(x))
        variable = getattr(model.get_layer("block1_bn"), name)
        variable.assign(ops.convert_to_numpy(variable) + 0.5)
        after = ops.convert_to_numpy(folded(x))
        assert np.abs(after - before).max() > 1e-4, name
        np.testing.assert_allclose(
            after, ops.convert_to_numpy(model(x, training=False)), rtol=1e-5, atol=1e-5
        )


def test_holds_no_variables_of_its_own():
    model = nn.backbone("micro", 8)
    assert {id(v) for v in nn.fold(model).variables} <= {id(v) for v in model.variables}


def test_keeps_what_cannot_be_folded():
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, use_bias=True)(inputs)
    x = keras.layers.BatchNormalization()(x)
    y = keras.layers.ReLU()(x)
    y = keras.layers.BatchNormalization()(y)
    model = shaken(keras.Model(inputs, keras.layers.Add()([x, y])))
    x = np.random.default_rng(1).uniform(size=(2, 8, 8, 3)).astype("float32")
    folded = nn.fold(model)
    assert not any(isinstance(layer, FoldedConv) for layer in folded.layers)
    np.testing.assert_allclose(
        ops.convert_to_numpy(folded(x)),
        ops.convert_to_numpy(model(x, training=False)),
        rtol=1e-6,
        atol=1e-6,
    )


def test_a_convolution_that_others_read_too_keeps_its_output():
    inputs = keras.Input((8, 8, 3))
    conv = keras.layers.Conv2D(4, 3, use_bias=False)(inputs)
    model = shaken(
        keras.Model(inputs, keras.layers.Add()([conv, keras.layers.BatchNormalization()(conv)]))
    )
    x = np.random.default_rng(1).uniform(size=(2, 8, 8, 3)).astype("float32")
    np.testing.assert_allclose(
        ops.convert_to_numpy(nn.fold(model)(x)),
        ops.convert_to_numpy(model(x, training=False)),
        rtol=1e-5,
        atol=1e-5,
    )


def test_an_activation_between_is_not_lost():
    images = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, use_bias=False, activation="relu")(images)
    model = keras.Model(images, keras.layers.BatchNormalization()(x))
    batch = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    np.testing.assert_allclose(
        nn.fold(model)(batch), model(batch, training=False), rtol=1e-5, atol=1e-6
    )


def test_models_inside_are_folded_too():
    x = keras.Input((8, 8, 3))
    block = keras.Model(
        x,
        keras.layers.BatchNormalization()(
            keras.layers.Conv2D(3, 3, padding="same", use_bias=False)(x)
        ),
    )
    model = shaken(keras.Model(x, block(block(x))))
    folded = nn.fold(model)
    assert all(
        isinstance(layer, FoldedConv) for inside in folded.layers[1:] for layer in inside.layers[1:]
    )
    x = np.random.default_rng(1).uniform(size=(2, 8, 8, 3)).astype("float32")
    np.testing.assert_allclose(
        ops.convert_to_numpy(folded(x)),
        ops.convert_to_numpy(model(x, training=False)),
        rtol=1e-5,
        atol=1e-5,
    )


def test_a_convolution_may_be_called_twice():
    x, conv = keras.Input((8, 8, 3)), keras.layers.Conv2D(3, 3, padding="same", use_bias=False)
    y = keras.layers.BatchNormalization()(conv(keras.layers.BatchNormalization()(conv(x))))
    model = shaken(keras.Model(x, y))
    x = np.random.default_rng(1).uniform(size=(2, 8, 8, 3)).astype("float32")
    np.testing.assert_allclose(
        ops.convert_to_numpy(nn.fold(model)(x)),
        ops.convert_to_numpy(model(x, training=False)),
        rtol=1e-5,
        atol=1e-5,
    )
