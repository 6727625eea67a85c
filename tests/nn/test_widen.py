import keras
import numpy as np
import pytest

from sslzoo import nn


def _trained(model):
    """The model with BatchNorm that has seen data, and no scale at 0."""
    rng = np.random.default_rng(1)
    model.set_weights([w + rng.uniform(0.1, 0.4, w.shape) for w in model.get_weights()])
    return model


@pytest.mark.parametrize(
    ("name", "options"),
    [("resnet20", {}), ("resnet50", {"stem": "stride2"}), ("resnet18", {"stem": "imagenet"})],
)
@pytest.mark.parametrize("training", [False, True])
def test_a_wide_network_starts_as_the_narrow_one(name, options, training):
    narrow = _trained(nn.backbone(name, 16, width=2, **options))
    wide = nn.backbone(name, 16, width=4, **options)
    images = np.random.default_rng(0).random((4, 16, 16, 3), "float32")
    nn.widen(narrow, wide)
    expected = np.tile(np.asarray(narrow(images, training=training)), 2)
    computed = np.asarray(wide(images, training=training))
    np.testing.assert_allclose(computed, expected, rtol=2e-3, atol=1e-4 * np.abs(expected).max())


def test_a_head_of_the_same_width_reads_both_copies():
    rng = np.random.default_rng(0)
    rows = [(8, "batch", "relu"), (4, "batch_no_beta", None)]
    narrow, wide = nn.head(3, rows, "a", seed=0), nn.head(6, rows, "b", seed=1)
    nn.widen(narrow, wide)
    x = rng.normal(size=(5, 3)).astype("float32")
    computed = np.asarray(wide(np.tile(x, 2)))
    np.testing.assert_allclose(computed, narrow(x), rtol=1e-4, atol=1e-5)


def test_copies_of_a_channel_get_other_gradients():
    narrow = _trained(nn.backbone("resnet20", 8, width=2))
    wide = nn.backbone("resnet20", 8, width=4)
    nn.widen(narrow, wide)
    images = np.random.default_rng(0).random((16, 8, 8, 3), "float32")
    stem = wide.get_layer("stem_conv")
    kernel = np.asarray(stem.kernel)
    head = np.random.default_rng(1).normal(size=(16, 1)).astype("float32")
    outputs = keras.layers.Dense(1, use_bias=False)(wide.output)
    model = keras.Model(wide.input, outputs)
    model.set_weights([*wide.get_weights(), head])
    model.compile(keras.optimizers.SGD(1e-3), "mse")
    model.train_on_batch(images, np.ones((16, 1)))
    step = np.asarray(stem.kernel) - kernel
    assert np.abs(step[..., :2] - step[..., 2:]).max() > 1e-3 * np.abs(step).max()


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (lambda: nn.backbone("resnet20", 8, width=6), "keep or double the channels"),
        (lambda: nn.backbone("resnet32", 8, width=4), "have the layers of resnet20"),
    ],
)
def test_another_network_is_refused(target, message):
    with pytest.raises(ValueError, match=message):
        nn.widen(nn.backbone("resnet20", 8, width=2), target())
