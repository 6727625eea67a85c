import keras
import numpy as np
import pytest
from keras import ops

import sslzoo
from sslzoo import nn
from sslzoo.nn.srresnet import InstanceNorm

RNG = np.random.default_rng(0)


def test_pixel_shuffle_has_tensorflows_layout():
    x = RNG.random((2, 3, 4, 2 * 2 * 5)).astype("float32")
    found = ops.convert_to_numpy(nn.PixelShuffle(2)(x))
    expected = np.empty((2, 6, 8, 5), "float32")
    for h in range(3):
        for w in range(4):
            for i in range(2):
                for j in range(2):
                    expected[:, 2 * h + i, 2 * w + j] = x[
                        :, h, w, (2 * i + j) * 5 : (2 * i + j + 1) * 5
                    ]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.tensorflow
def test_pixel_shuffle_is_depth_to_space():
    import tensorflow as tf

    x = RNG.random((2, 3, 4, 27)).astype("float32")
    np.testing.assert_array_equal(nn.PixelShuffle(3)(x), tf.nn.depth_to_space(x, 3))


def test_default_trunk_and_generator_are_the_papers():
    backbone = nn.backbone("srresnet", 24)
    generator = nn.srresnet_generator(nn.feature_map(backbone), 4)
    kernels = [tuple(v.shape) for v in generator.weights if v.name == "kernel"]
    assert kernels == [(9, 9, 3, 64), *[(3, 3, 64, 64)] * 33, *[(3, 3, 64, 256)] * 2, (9, 9, 64, 3)]
    assert sum(v.name == "gamma" for v in generator.weights) == 33
    assert sum(v.name == "alpha" for v in generator.weights) == 1 + 16 + 2
    assert backbone.output_shape == (None, 64) and generator.output_shape == (None, None, None, 3)


@pytest.mark.parametrize("scale", [2, 4])
def test_generator_adds_to_the_bicubic_image(scale):
    backbone = nn.backbone("srresnet", 8, width=4, blocks=1, norm=False)
    generator = nn.srresnet_generator(nn.feature_map(backbone), scale, last_kernel=3)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in generator.layers)
    for name in ("kernel", "bias"):
        variable = getattr(generator.get_layer("last_conv"), name)
        variable.assign(np.zeros(variable.shape))
    images = RNG.random((1, 5, 7, 3)).astype("float32")
    np.testing.assert_allclose(
        generator(images), nn.bicubic(images, 5 * scale, 7 * scale), atol=1e-6
    )


def test_default_discriminator_is_the_papers_on_crops_of_any_size():
    discriminator = nn.srgan_discriminator()
    kernels = [tuple(v.shape)[-2:] for v in discriminator.weights if v.name == "kernel"]
    channels = [64, 64, 128, 128, 256, 256, 512, 512]
    assert kernels == [*zip([3, *channels[:-1]], channels, strict=True), (512, 1024), (1024, 1)]
    small = nn.srgan_discriminator(width=2, hidden=3)
    strides = [layer.strides[0] for layer in small.layers if isinstance(layer, keras.layers.Conv2D)]
    assert strides == [1, 2] * 4
    for size in ((16, 24), (33, 17)):
        assert small(RNG.random((2, *size, 3)).astype("float32")).shape == (2, 1)
    assert all(variable.path.startswith("discriminator") for variable in small.variables)


def test_any_size_shares_the_weights_of_the_layer_asked_for():
    network = nn.backbone("micro", 8)
    wide = nn.any_size(network, "block1_relu")
    images = RNG.random((2, 8, 8, 3)).astype("float32")
    expected = keras.Model(network.input, network.get_layer("block1_relu").output)(images)
    np.testing.assert_allclose(wide(images), expected, rtol=1e-6)
    assert wide(RNG.random((1, 5, 11, 3)).astype("float32")).shape == (1, 5, 11, 8)
    assert {id(v) for v in wide.weights} < {id(v) for v in network.weights}


def test_vgg54_is_the_scaled_map_before_the_last_activation():
    features = nn.vgg19_features(weights=None)
    images = RNG.random((1, 32, 32, 3)).astype("float32")
    found = ops.convert_to_numpy(features(images))
    assert found.shape == (1, 2, 2, 512) and found.min() < 0
    vgg = features.get_layer("vgg19")
    caffe = keras.applications.vgg19.preprocess_input(255 * images.copy())
    before = keras.Model(vgg.input, vgg.layers[-2].output)(caffe)
    kernel, bias = (ops.convert_to_numpy(v) for v in vgg.layers[-1].weights)
    expected = (ops.conv(before, kernel, padding="same") + bias) / 12.75
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def published_like(method="srresnet", **options):
    """Fast-SRGAN's generator: instance normalization, one slope for each PReLU, tanh."""
    trunk = {"name": "srresnet", "width": 4, "blocks": 1, "norm": "instance", "first_kernel": 3}
    trunk |= {"slopes": "one", "signed": True}
    options = {"scale": 2, "last_kernel": 3, "slopes": "one", "image": "tanh"} | options
    return sslzoo.build(method, trunk, 16, **options)


def test_instance_normalization_sees_each_image_alone():
    x = RNG.normal(3, 2, (2, 5, 7, 3)).astype("float32")
    found = ops.convert_to_numpy(InstanceNorm()(x))
    mean, variance = x.mean(axis=(1, 2), keepdims=True), x.var(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found, (x - mean) / np.sqrt(variance + 1e-5), atol=1e-5)


@pytest.mark.slow
def test_a_generator_may_make_the_whole_image(tmp_path):
    model = published_like()
    assert {tuple(v.shape) for v in model.generator.weights if v.name == "alpha"} == {(1, 1, 1)}
    assert not any("norm" in v.path or "bn" in v.path for v in model.generator.weights)
    assert nn.reach(model.generator) is None  # its statistics are those of the whole picture
    images = RNG.integers(0, 256, (16, 16, 16, 3), "uint8")
    model.fit(images, batch_size=8, verbose=0)
    enlarged = model.upscale(images[:1, :6, :9])
    assert enlarged.shape == (1, 12, 18, 3)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.upscale(images[:1, :6, :9]), enlarged)


def test_an_image_that_is_made_otherwise_is_refused():
    with pytest.raises(ValueError, match="image: got 'bilinear'; it must be one of 'bicubic'"):
        published_like(image="bilinear")


def test_srgan_goes_on_with_the_same_generator():
    phi = {"content": nn.backbone("micro", 16), "content_layer": "block1_relu"}
    adversary = published_like("srgan", width=2, hidden=4, **phi)
    generator = published_like().generator
    assert [v.path for v in adversary.generator.weights] == [v.path for v in generator.weights]
    assert adversary.generator.layers[-2].name == "tanh"
