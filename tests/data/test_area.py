import numpy as np
import pytest

from sslzoo.data.area import shrink


def oracle(image, height, width, fine=12):
    """Each pixel cut into fine x fine, then averaged: exact where the sizes divide."""
    small = np.repeat(np.repeat(image, height * fine, axis=0), width * fine, axis=1).astype(
        "float64"
    )
    rows, columns = small.shape[0] // height, small.shape[1] // width
    return small.reshape(height, rows, width, columns).mean(axis=(1, 3))


@pytest.mark.parametrize(
    ("sides", "small"), [((15, 15), (4, 4)), ((7, 10), (3, 7)), ((6, 6), (3, 2)), ((5, 5), (5, 5))]
)
def test_every_pixel_is_the_mean_of_what_it_covers(sides, small):
    images = np.random.default_rng(0).integers(0, 256, (3, *sides), dtype=np.uint8)
    for image, found in zip(images, shrink(images, *small), strict=True):
        np.testing.assert_allclose(found, oracle(image, *small), rtol=1e-5)


def test_channels_stay_apart_and_the_mean_stays():
    images = np.random.default_rng(0).uniform(size=(2, 9, 9, 3)).astype("float32")
    found = shrink(images, 4, 4)
    np.testing.assert_allclose(found[..., 1], shrink(images[..., 1], 4, 4), rtol=1e-6)
    np.testing.assert_allclose(found.mean(axis=(1, 2)), images.mean(axis=(1, 2)), rtol=1e-5)
