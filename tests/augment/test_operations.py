import numpy as np
import pytest
from keras import ops
from PIL import Image, ImageEnhance, ImageOps

from sslzoo.augment import solarize
from sslzoo.augment.operations import equalize, posterize, sharpness, tone

ONE, NO = np.ones(3, "float32"), np.zeros(3, bool)


@pytest.fixture(scope="module")
def images():
    """Three pictures with few and many values, none using all of 0..255: uint8 (3, 31, 35, 3)."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(30, 200, 31 * 35 * 3).reshape(31, 35, 3)
    return np.stack([ramp, rng.integers(20, 240, ramp.shape), np.rint(ramp / 40) * 40 + 10]).astype(
        "uint8"
    )


def planes_of(images):
    return np.moveaxis(images / np.float32(255), -1, 1)


def back(planes):
    return np.moveaxis(ops.convert_to_numpy(planes), 1, -1) * 255


def of_pil(images, transform):
    return np.stack(
        [np.asarray(transform(Image.fromarray(image))).reshape(image.shape) for image in images]
    ).astype("float32")


ENHANCERS = {
    "brightness": ImageEnhance.Brightness,
    "contrast": ImageEnhance.Contrast,
    "color": ImageEnhance.Color,
}


@pytest.mark.parametrize("name", ENHANCERS)
@pytest.mark.parametrize("factor", [0.05, 0.6])
def test_tone_is_that_of_pil(images, name, factor):
    factors = {other: ONE * (factor if other == name else 1) for other in ENHANCERS}
    mine = back(tone(planes_of(images), **factors, autocontrast=NO))
    theirs = of_pil(images, lambda image: ENHANCERS[name](image).enhance(factor))
    # PIL cuts to integers, once for the mean and once for the result
    assert np.abs(mine - theirs).max() < 1.6


def test_autocontrast_is_that_of_pil(images):
    mine = back(tone(planes_of(images), ONE, ONE, ONE, ~NO))
    assert np.abs(mine - of_pil(images, ImageOps.autocontrast)).max() < 1.01
    flat = np.full((3, 3, 4, 4), 0.4, "float32")
    np.testing.assert_allclose(tone(flat, ONE, ONE, ONE, ~NO), flat)


def test_tone_of_gray_images_is_that_of_pil_and_color_leaves_them(images):
    gray = images[..., :1]
    mine = back(tone(planes_of(gray), ONE, ONE * 0.3, ONE, NO))
    theirs = of_pil(gray[..., 0], lambda image: ImageEnhance.Contrast(image).enhance(0.3))[
        ..., None
    ]
    assert np.abs(mine - theirs).max() < 1.6
    np.testing.assert_allclose(
        tone(planes_of(gray), ONE, ONE, ONE * 0.1, NO), planes_of(gray), atol=1e-6
    )


@pytest.mark.parametrize("bits", [4, 5, 6, 7, 8])
def test_posterize_is_that_of_pil(images, bits):
    mine = back(posterize(planes_of(images), ONE * bits))
    np.testing.assert_allclose(
        mine, of_pil(images, lambda image: ImageOps.posterize(image, bits)), atol=1e-3
    )


@pytest.mark.parametrize("threshold", [0, 100, 256])
def test_solarize_is_that_of_pil(images, threshold):
    mine = back(solarize(planes_of(images), ONE * (threshold - 0.5) / 255))
    np.testing.assert_allclose(
        mine, of_pil(images, lambda image: ImageOps.solarize(image, threshold)), atol=1e-3
    )


@pytest.mark.parametrize("factor", [0.05, 0.6])
def test_sharpness_is_that_of_pil(images, factor):
    mine = back(sharpness(planes_of(images), ONE * factor))
    assert (
        np.abs(
            mine - of_pil(images, lambda image: ImageEnhance.Sharpness(image).enhance(factor))
        ).max()
        < 1.6
    )


def test_equalize_is_that_of_pil(images):
    np.testing.assert_allclose(
        back(equalize(planes_of(images), ~NO)), of_pil(images, ImageOps.equalize), atol=1e-3
    )
    tiny = images[:, :4, :4]  # fewer pixels than values: PIL's step is 0 and nothing changes
    np.testing.assert_allclose(
        back(equalize(planes_of(tiny), ~NO)), of_pil(tiny, ImageOps.equalize), atol=1e-3
    )


def test_each_magnitude_changes_only_its_own_image(images):
    planes = planes_of(images)
    one, bits = np.array([1, 0.2, 1], "float32"), np.array([8, 4, 8], "float32")
    chosen = np.array([False, True, False])
    results = {
        "brightness": tone(planes, one, ONE, ONE, NO),
        "contrast": tone(planes, ONE, one, ONE, NO),
        "color": tone(planes, ONE, ONE, one, NO),
        "autocontrast": tone(planes, ONE, ONE, ONE, chosen),
        "posterize": posterize(planes, bits),
        "sharpness": sharpness(planes, one),
        "equalize": equalize(planes, chosen),
    }
    for name, result in results.items():
        result = ops.convert_to_numpy(result)
        np.testing.assert_allclose(result[[0, 2]], planes[[0, 2]], atol=1e-6, err_msg=name)
        assert np.abs(result[1] - planes[1]).max() > 0.02, name
        assert result.min() >= 0 and result.max() <= 1, name
