import math

import keras
import numpy as np
import pytest
from keras import ops

import sslzoo
from sslzoo import nn

RNG = np.random.default_rng(0)


def images(count, size):
    return RNG.integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def arrays(network):
    """{path: array} of a network whose weights are random."""
    for variable in network.weights:
        variable.assign(RNG.normal(0, 0.5, variable.shape))
    return {v.path: ops.convert_to_numpy(v) for v in network.weights}


def normed(x, weights, name):
    variance = x.var(axis=-1, keepdims=True)
    x = (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(variance + 1e-6)
    return x * weights[f"{name}/gamma"] + weights[f"{name}/beta"]


def test_a_block_is_the_papers_written_out_in_loops():
    from sslzoo.nn.layers import Seeds
    from sslzoo.nn.vit import block

    inputs = keras.Input((3, 8))
    network = keras.Model(inputs, block(inputs, 2, "b", Seeds(0), layer_scale=1.0))
    tokens, w = RNG.normal(size=(3, 8)), arrays(network)
    x = tokens
    q, k, v = np.split(normed(x, w, "b_norm1") @ w["b_qkv/kernel"] + w["b_qkv/bias"], 3, axis=1)
    attended = np.empty((3, 8))
    for head in (slice(0, 4), slice(4, 8)):
        for token in range(3):
            weights = np.exp([q[token, head] @ k[other, head] / 2 for other in range(3)])
            attended[token, head] = weights / weights.sum() @ v[:, head]
    y = attended @ w["b_projection/kernel"] + w["b_projection/bias"]
    x = x + y * w["b_scale1/gamma"]
    y = normed(x, w, "b_norm2") @ w["b_mlp1/kernel"] + w["b_mlp1/bias"]
    y = y * (1 + np.vectorize(math.erf)(y / math.sqrt(2))) / 2
    y = y @ w["b_mlp2/kernel"] + w["b_mlp2/bias"]
    expected = x + y * w["b_scale2/gamma"]
    found = ops.convert_to_numpy(network(tokens[None].astype("float32")))[0]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("vit_tiny", 5_524_416), ("vit_small", 21_665_664), ("vit_base", 85_798_656)],
)
@pytest.mark.slow
def test_networks_have_the_parameters_of_the_published(name, parameters):
    """timm's vit_*_patch16_224 without head."""
    assert nn.backbone(name, 224).count_params() == parameters


def test_every_layer_norm_has_the_published_epsilon():
    network = nn.backbone("vit_micro", 16)
    norms = [x for x in network.layers if isinstance(x, keras.layers.LayerNormalization)]
    assert [x.epsilon for x in norms] == [1e-6] * 5


def test_patches_are_of_4_pixels_for_small_images_and_else_of_16():
    assert nn.backbone("vit_micro", 64).get_layer("patch_embed").strides == (4, 4)
    assert nn.backbone("vit_micro", 96).get_layer("patch_embed").strides == (16, 16)


def test_blocks_are_named_and_reachable():
    network = nn.backbone("vit_micro", 16)
    middle = keras.Model(network.input, network.get_layer("block1").output)
    assert middle(images(2, 16) / np.float32(255)).shape == (2, 1 + 16, 16)


def test_weights_serve_every_size():
    small, large = (nn.backbone("vit_micro", size, positions_size=16) for size in (16, (24, 8)))
    large.set_weights(small.get_weights())
    assert large.output_shape == (None, 16)


@pytest.mark.parametrize("positions", ["sincos", "sincos_rows"])
def test_fixed_positions_are_weights_that_do_not_train(positions):
    from sslzoo.nn.positions import sincos_positions

    layer = nn.backbone("vit_micro", 16, positions=positions).get_layer("tokens")
    assert not layer.positions.trainable
    fixed = sincos_positions(4, 4, 16, positions == "sincos_rows")
    found = ops.convert_to_numpy(layer.positions)[0]
    np.testing.assert_array_equal(found, np.pad(fixed, ((1, 0), (0, 0))))


def test_half_precision_reaches_every_layer():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = nn.backbone("vit_micro", 16, positions_size=32, registers=1, layer_scale=1.0)
    finally:
        keras.config.set_dtype_policy("float32")
    features = network(images(2, 16) / np.float32(255))
    assert keras.backend.standardize_dtype(features.dtype) == "bfloat16"


def test_patches_may_stay_random():
    network = nn.backbone("vit_micro", 16, train_patches=False)
    assert [v.path for v in network.non_trainable_variables] == [
        "patch_embed/kernel",
        "patch_embed/bias",
    ]


def test_seed_decides_every_weight():
    first, same, other = (nn.backbone("vit_micro", 16, seed=s).get_weights() for s in (1, 1, 2))
    for one, two, three in zip(first, same, other, strict=True):
        np.testing.assert_array_equal(one, two)
        assert (one != three).any() or one.std() == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"patch": 5}, "image_size: got 16x16; it must be multiples of 5, the patch"),
        ({"positions_size": 18}, "positions_size: got 18x18; it must be multiples of 4"),
        ({"heads": 3}, "heads: got 3; it must divide 16, the width of vit_micro"),
        ({"pool": "max"}, "pool: got 'max'"),
        ({"positions": "rotary"}, "positions: got 'rotary'"),
        ({"resizing": "nearest"}, "resizing: got 'nearest'"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        nn.backbone("vit_micro", 16, **options)


@pytest.mark.slow
def test_simclr_learns_with_it_and_saves(tmp_path):
    options = {"name": "vit_micro", "registers": 1, "layer_scale": 1.0, "positions_size": 32}
    options |= {"pool": "mean"}
    model = sslzoo.build("simclr", options, image_size=16)
    x = np.repeat(sslzoo.data.load("digits").images[:256, ..., None], 3, axis=-1)
    history = model.fit(x, batch_size=64, epochs=5, verbose=0).history  # 20 steps
    assert np.mean(history["loss"][-2:]) < history["loss"][0] - 0.02
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.encode(x), model.encode(x), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_export_gives_the_same_features(tmp_path):
    import tensorflow as tf

    model = sslzoo.build("simclr", "vit_micro", image_size=16)
    model.export(tmp_path, warmup=False)
    x = images(3, 16)
    served = tf.saved_model.load(tmp_path / "1").signatures["encode"]
    found = served(images=tf.constant(x))["embedding"]
    np.testing.assert_allclose(found, model.encode(x), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_the_issues_line_works():
    model = sslzoo.build("simclr", "vit_tiny", image_size=32)
    assert model.encode(images(2, 32)).shape == (2, 192)
