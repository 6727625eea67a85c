import keras
import numpy as np
import pytest
from PIL import Image

from sslzoo.augment import crop_resize, gaussian_blur
from sslzoo.augment.geometry import blur_radius, resize_matrix, separable


def images_of(shape, seed=0):
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def column(*values):
    return np.array(values, np.float32)


def pil_crop(image, y, x, height, width, size):
    """PIL's bilinear resize of a box, channel by channel."""
    box = (x, y, x + width, y + height)
    channels = [
        Image.fromarray(c).resize((size, size), Image.BILINEAR, box=box)
        for c in np.moveaxis(image, -1, 0)
    ]
    return np.stack([np.asarray(c) for c in channels], axis=-1)


def naive_bilinear(image, y, x, height, width, size):
    """Half-pixel bilinear sampling, written out; right for boxes that are enlarged."""
    out = np.zeros((size, size, image.shape[-1]))
    for i in range(size):
        for j in range(size):
            py = np.clip(y + (i + 0.5) * height / size - 0.5, 0, image.shape[0] - 1)
            px = np.clip(x + (j + 0.5) * width / size - 0.5, 0, image.shape[1] - 1)
            y0, x0 = int(py), int(px)
            y1, x1 = min(y0 + 1, image.shape[0] - 1), min(x0 + 1, image.shape[1] - 1)
            fy, fx = py - y0, px - x0
            top = (1 - fx) * image[y0, x0] + fx * image[y0, x1]
            bottom = (1 - fx) * image[y1, x0] + fx * image[y1, x1]
            out[i, j] = (1 - fy) * top + fy * bottom
    return out


def naive_blur(image, sigma, radius):
    """2-D weighted mean over the pixels of the window that exist."""
    out = np.zeros_like(image, dtype=np.float64)
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            total = 0.0
            for a in range(max(0, i - radius[0]), min(image.shape[0], i + radius[0] + 1)):
                for b in range(max(0, j - radius[1]), min(image.shape[1], j + radius[1] + 1)):
                    weight = np.exp(-((a - i) ** 2 + (b - j) ** 2) / (2 * sigma**2))
                    out[i, j] += weight * image[a, b]
                    total += weight
            out[i, j] /= total
    return out


def test_separable_is_the_double_sum():
    images, along_y, along_x = (
        images_of((2, 5, 4, 3)),
        images_of((2, 6, 5), 1),
        images_of((2, 7, 4), 2),
    )
    expected = np.einsum("npi,nqj,nijc->npqc", along_y, along_x, images)
    np.testing.assert_allclose(separable(images, along_y, along_x), expected, rtol=1e-5)


def test_the_whole_image_at_its_own_size_is_the_identity():
    images = images_of((2, 7, 7, 3))
    zero, full = column(0, 0), column(7, 7)
    np.testing.assert_allclose(crop_resize(images, zero, zero, full, full, 7), images, atol=1e-6)


def test_an_enlarged_crop_is_the_naive_bilinear():
    images = images_of((3, 11, 8, 3))
    y, x, height, width = (
        column(0, 2.3, 6.9),
        column(0, 1.7, 3.5),
        column(11, 5.2, 4.1),
        column(8, 3.3, 4.5),
    )
    views = crop_resize(images, y, x, height, width, 13)
    for i in range(3):
        expected = naive_bilinear(images[i], y[i], x[i], height[i], width[i], 13)
        np.testing.assert_allclose(views[i], expected, atol=1e-5)


@pytest.mark.parametrize("size", [5, 33])
def test_any_crop_is_what_pil_does(size):
    images = images_of((3, 24, 31, 3))
    y, x, height, width = (
        column(0, 3.25, 10.5),
        column(0, 8.5, 20.25),
        column(24, 17.5, 6.5),
        column(31, 20.25, 9.75),
    )
    views = crop_resize(images, y, x, height, width, size)
    for i in range(3):
        expected = pil_crop(images[i], y[i], x[i], height[i], width[i], size)
        np.testing.assert_allclose(views[i], expected, atol=2e-5)


def test_shrinking_averages_instead_of_skipping_pixels():
    stripes = np.tile(np.array([1, 0, 0, 0], np.float32), 8)[None, None, :, None] * np.ones(
        (1, 32, 1, 3), np.float32
    )
    zero, full = column(0), column(32)
    views = np.asarray(crop_resize(stripes, zero, zero, full, full, 8))
    np.testing.assert_allclose(views[:, :, 1:-1], 0.25, atol=1e-5)


def test_flip_mirrors_left_and_right_of_the_chosen_images_only():
    images = images_of((2, 6, 6, 3))
    zero, full = column(0, 0), column(6, 6)
    views = np.asarray(crop_resize(images, zero, zero, full, full, 6, np.array([True, False])))
    np.testing.assert_allclose(views[0], images[0, :, ::-1], atol=1e-6)
    np.testing.assert_allclose(views[1], images[1], atol=1e-6)


def test_rows_of_a_resize_matrix_sum_to_one_at_every_border():
    matrix = resize_matrix(column(0, 31.5, 0.0), column(0.5, 0.5, 32), 32, 9)
    np.testing.assert_allclose(np.sum(matrix, axis=-1), 1, atol=1e-6)
    assert np.min(matrix) >= 0


def test_blur_is_the_naive_weighted_mean():
    images, sigma = images_of((3, 41, 27, 1)), column(0.1, 0.7, 2.0)
    assert (blur_radius(8), blur_radius(27), blur_radius(41), blur_radius(224)) == (0, 1, 2, 11)
    views = gaussian_blur(images, sigma)
    for i in range(3):
        np.testing.assert_allclose(
            views[i], naive_blur(images[i], sigma[i], radius=(2, 1)), atol=1e-5
        )


def test_sigma_zero_leaves_an_image_exactly_as_it_is_beside_a_blurred_one():
    images = images_of((2, 32, 32, 3))
    views = np.asarray(gaussian_blur(images, column(0, 1)))
    np.testing.assert_array_equal(views[0], images[0])
    assert np.abs(views[1] - images[1]).max() > 0.05


def test_blur_keeps_a_constant_image_up_to_its_border():
    views = gaussian_blur(np.full((1, 40, 40, 3), 0.75, np.float32), column(2))
    np.testing.assert_allclose(views, 0.75, atol=1e-6)


def test_results_are_float32_under_mixed_precision():
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        views = gaussian_blur(images_of((1, 20, 20, 3)), column(1))
    finally:
        keras.mixed_precision.set_global_policy(before)
    assert keras.backend.standardize_dtype(views.dtype) == "float32"
