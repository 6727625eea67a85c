import numpy as np
import pytest
from harness import digits
from keras import ops
from PIL import Image

from sslzoo.training import verbs


def unfolded(model, images):
    """Features by the backbone itself, its BatchNorms unfolded."""
    return ops.convert_to_numpy(model.backbone(model.preprocess(images), training=False))


@pytest.fixture(scope="module")
def model():
    from sslzoo import methods, nn

    model = methods.SimCLR(nn.backbone("micro", 8), projection=(8, 8))
    rng = np.random.default_rng(0)
    for variable in model.backbone.weights:  # statistics and scales that folding must not mix up
        variable.assign(
            rng.uniform(0.5, 1.5, variable.shape) * (1 if variable.name != "kernel" else 0.3)
        )
    return model


def test_features_are_those_of_the_backbone(model):
    images = digits(37)
    features = model.encode(images)
    assert features.shape == (37, 16)
    assert features.dtype == "float32"
    np.testing.assert_allclose(features, unfolded(model, images), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 9, 36, 37, 1000])
def test_chunks_do_not_show(model, batch_size):
    images = digits(37)
    np.testing.assert_allclose(
        model.encode(images, batch_size), model.encode(images), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    "shape",
    [(5, 8, 8), (5, 8, 8, 1), (5, 8, 8, 3), (3, 13, 9), (2, 7, 31, 3), (3, 1, 2), (4, 40, 40, 1)],
)
def test_sizes_and_channels(model, shape):
    images = np.random.default_rng(1).integers(0, 256, shape, "uint8")
    features = model.encode(images)
    assert features.shape == (shape[0], 16)
    np.testing.assert_allclose(features, unfolded(model, images), rtol=1e-4, atol=1e-5)


def test_integers_and_floats_mean_the_same(model):
    images = digits(5)
    expected = model.encode(images)
    for same in (
        images / 255,
        (images / 255).astype("float32"),
        images.astype("int64"),
        np.repeat(images, 3, axis=-1),
    ):
        np.testing.assert_allclose(model.encode(same), expected, rtol=1e-5, atol=1e-6)


def test_sees_weights_that_changed_since(model):
    images = digits(4)
    before = model.encode(images)
    gamma = model.backbone.get_layer("block2_bn").gamma
    gamma.assign(ops.convert_to_numpy(gamma) * 2)
    after = model.encode(images)
    assert np.abs(after - before).max() > 1e-2
    np.testing.assert_allclose(after, unfolded(model, images), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "images", [np.zeros((2, 8, 8, 4)), np.full((2, 8, 8), np.nan), np.zeros((0, 8, 8))]
)
def test_bad_images_are_refused(model, images):
    with pytest.raises(ValueError, match="images"):
        model.encode(images)


def test_untrained_has_the_configuration_and_the_first_weights(model):
    fresh = model.untrained()
    assert [v.shape for v in fresh.weights] == [v.shape for v in model.weights]
    kernels = [
        ops.convert_to_numpy(m.backbone.get_layer("block1_conv").kernel)
        for m in (fresh, model.untrained(), model)
    ]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert (kernels[0] != kernels[2]).any()


def test_files_bytes_and_photographs_of_several_sizes(model, tmp_path):
    rng = np.random.default_rng(3)
    pixels = [rng.integers(0, 256, (*size, 3), "uint8") for size in ((8, 8), (13, 9), (30, 20))]
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    expected = np.concatenate([model.encode(image[None]) for image in pixels])
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for held in (tmp_path, paths, [path.read_bytes() for path in paths], pixels):
        np.testing.assert_allclose(model.encode(held, 2), expected, rtol=1e-4, atol=1e-5)
    assert model.encode(str(paths[0])).shape == (1, 16)


def test_normalized_and_small_features(model):
    images = digits(37)
    features = model.encode(images)
    unit = model.encode(images, 10, normalize=True, dtype="float16")
    assert unit.dtype == "float16"
    expected = features / np.linalg.norm(features, axis=1, keepdims=True)
    np.testing.assert_allclose(unit, expected, atol=2e-3)


def test_a_dtype_that_cannot_hold_the_features(model):
    with pytest.raises(ValueError, match="dtype: got 'int8'; it must be one of 'float32', 'fl"):
        model.encode(digits(2), dtype="int8")
    with pytest.raises(ValueError, match="dtype: got float16 for features up to 1e.06; it must be"):
        verbs._as_dtype(np.float32([[1e6]]), "float16")
