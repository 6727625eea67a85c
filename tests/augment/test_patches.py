import numpy as np
import pytest
from keras import ops

from sslzoo import inputs
from sslzoo.augment import Patches
from sslzoo.augment.patches import DEVIATION

RNG = np.random.default_rng(0)


def made(images, **options):
    patches = Patches(inputs.Images(*images.shape[1:3]), **options)
    return ops.convert_to_numpy(patches({"images": images})["patches"])


def normalized(patch):
    deviation = np.sqrt(patch.var(axis=(0, 1)) + 1e-4)
    return 0.5 + DEVIATION * (patch - patch.mean(axis=(0, 1))) / deviation


def test_each_patch_lies_in_its_cell():
    images = RNG.random((5, 13, 13, 3)).astype("float32")
    found = made(images, grid=3, size=3, grayscale=0.0)
    places = set()
    for image, patches in zip(images, found, strict=True):
        for cell, patch in enumerate(patches):
            top, left = 4 * (cell // 3), 4 * (cell % 3)
            fits = [
                (y, x)
                for y in range(2)
                for x in range(2)
                if np.allclose(
                    patch,
                    normalized(image[top + y : top + y + 3, left + x : left + x + 3]),
                    atol=1e-4,
                )
            ]
            assert len(fits) == 1
            places.update(fits)
    assert len(places) == 4  # all places of a cell


def test_every_patch_has_one_mean_and_deviation():
    found = made(RNG.random((4, 32, 32, 3)).astype("float32"))
    assert found.shape == (4, 9, 7, 7, 3)
    np.testing.assert_allclose(found.mean(axis=(2, 3)), 0.5, atol=1e-5)
    np.testing.assert_allclose(found.std(axis=(2, 3)), DEVIATION, rtol=5e-3)


def test_a_share_of_the_images_loses_its_color():
    images = RNG.random((400, 8, 8, 3)).astype("float32")
    found = made(images, grid=2, grayscale=0.3)
    gray = np.isclose(found[..., 0], found[..., 1], atol=1e-6).all(axis=(1, 2, 3))
    assert 0.2 < gray.mean() < 0.4
    one = np.isclose(found[..., 0], found[..., 1], atol=1e-6).all(axis=(2, 3))
    assert (one.all(axis=1) | ~one.any(axis=1)).all()  # all patches of an image alike


def test_a_flat_patch_stays_finite():
    found = made(np.full((2, 16, 16, 3), 0.7, "float32"))
    np.testing.assert_allclose(found, 0.5, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 4}, "patch_size: got 4 px; it must be 2 to 3, a cell of 10 px in 3 parts"),
        ({"grid": 5}, "patch_size: got 1 px"),
        ({"grayscale": 1.5}, "grayscale: got 1.5"),
    ],
)
def test_what_does_not_fit_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Patches(inputs.Images(10, 10), **options)


def test_other_kinds_of_data_are_refused():
    with pytest.raises(ValueError, match="backbone: got one that reads vectors"):
        Patches(inputs.Vectors(4))
