import importlib.util

import keras
import numpy as np
import pytest

import sslzoo
from sslzoo import nn
from sslzoo.nn.borrowed import ApplicationInput, applications

IMAGES = np.random.default_rng(0).random((2, 32, 32, 3)).astype("float32")
NEEDS_HUB = pytest.mark.skipif(
    not importlib.util.find_spec("keras_hub"), reason="KerasHub is not installed"
)


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("resnet", 255 * IMAGES[..., ::-1] - [103.939, 116.779, 123.68]),  # Caffe's, BGR
        ("mobilenet_v2", 2 * IMAGES - 1),
        ("densenet", (IMAGES - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]),  # torch's
        ("efficientnet", 255 * IMAGES),  # scales them itself
    ],
)
def test_each_network_reads_what_it_was_trained_on(module, expected):
    computed = np.asarray(ApplicationInput(module)(IMAGES))
    np.testing.assert_allclose(computed, expected, rtol=1e-5, atol=1e-4)


def test_every_network_of_keras_is_known_with_its_module():
    networks = {n for n, value in vars(keras.applications).items() if n[0].isupper()}
    known = applications()
    assert networks == known.keys()
    assert all(hasattr(getattr(keras.applications, m), "preprocess_input") for m in known.values())


def test_features_are_those_of_the_network_alone(tmp_path):
    bare = keras.applications.MobileNetV3Small(
        include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg"
    )
    bare.save_weights(tmp_path / "own.weights.h5")
    model = nn.backbone("keras:MobileNetV3Small", 32, weights=str(tmp_path / "own.weights.h5"))
    np.testing.assert_allclose(model(IMAGES), bare(255 * IMAGES), rtol=1e-5, atol=1e-6)


def test_the_seed_decides_the_weights():
    one, again, other = (nn.backbone("keras:VGG16", 32, seed=s).get_weights() for s in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert not np.array_equal(one[0], other[0])
    assert not np.array_equal(one[2], one[4])  # each layer has its own


@pytest.mark.slow
def test_a_method_trains_and_saves_on_one(tmp_path):
    model = sslzoo.build("simclr", "keras:VGG16", 32, projection=(16, 8), augment="none")
    before = model.backbone.get_weights()
    model.fit(IMAGES, batch_size=2, verbose=0)
    after = model.backbone.get_weights()
    assert any(not np.array_equal(old, new) for old, new in zip(before, after, strict=True))
    sslzoo.save(model, tmp_path / "saved")
    again = sslzoo.load(tmp_path / "saved")
    np.testing.assert_allclose(again.encode(IMAGES), model.encode(IMAGES), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "size", "options", "message"),
    [
        ("keras:ResNet51", 32, {}, "did you mean ResNet5"),
        ("keras:InceptionV3", 32, {}, "keras:InceptionV3, 32 px.*at least 75x75"),
        ("keras:VGG16", 32, {"weights": "/no/file.h5"}, "weights='/no/file.h5'"),
        ("keras:VGG16", 32, {"width": 8}, "option of keras:VGG16"),
        ("timm:vit", 32, {}, "before its colon.*keras"),
    ],
)
def test_what_does_not_fit_is_refused(name, size, options, message):
    with pytest.raises(ValueError, match=message):
        nn.backbone(name, size, **options)


def test_weights_that_cannot_be_fetched_are_one_sentence(monkeypatch):
    def offline(**_):
        raise Exception("URL fetch failure on\nhttps://example.org: None")  # as Keras does

    monkeypatch.setattr(keras.applications, "VGG16", offline)
    message = "^backbone keras:VGG16, 32 px, weights='imagenet': URL fetch .* check the network"
    with pytest.raises(ValueError, match=message):
        nn.backbone("keras:VGG16", 32, weights="imagenet")


@pytest.mark.skipif(bool(importlib.util.find_spec("keras_hub")), reason="KerasHub is installed")
def test_without_keras_hub_it_says_what_to_install():
    with pytest.raises(ModuleNotFoundError, match="pip install keras-hub"):
        nn.backbone("keras_hub:resnet_50_imagenet")


@NEEDS_HUB
@pytest.mark.parametrize("weights", [None, "preset"])
def test_a_preset_of_keras_hub_has_its_own_size_and_scaling(tmp_path, weights):
    import keras_hub

    network = keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64],
        stackwise_num_blocks=[1],
        stackwise_num_strides=[1],
        block_type="basic_block",
        image_shape=(None, None, 3),
    )
    scales, offsets = [0.01, 0.02, 0.03], [-1.0, -2.0, 0.5]
    converter = keras_hub.layers.ImageConverter(image_size=(24, 24), scale=scales, offset=offsets)
    network.save_to_preset(tmp_path)
    converter.save_to_preset(tmp_path)
    model = nn.backbone(f"keras_hub:{tmp_path}", weights=weights)
    assert model.input_shape == (None, 24, 24, 3)
    if weights:
        images = IMAGES[:, :24, :24]
        expected = np.asarray(network(255 * images * scales + offsets)).mean((1, 2))
        np.testing.assert_allclose(model(images), expected, rtol=1e-4, atol=1e-4)


@NEEDS_HUB
def test_an_unknown_preset_of_keras_hub_is_refused():
    with pytest.raises(ValueError, match="keras_hub:no_such"):
        nn.backbone("keras_hub:no_such")
