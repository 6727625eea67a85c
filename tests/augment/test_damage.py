import numpy as np
import pytest
from keras import ops

from sslzoo import augment, inputs

GRAY = np.full((2, 50, 50, 2), 0.5, "float32")


@pytest.mark.parametrize("noise", ["masking", "salt_and_pepper", "gaussian"])
def test_each_value_has_its_own_noise_of_the_level(noise):
    """Of 10,000 values, by the backend's draws and by NumPy's; 5 deviations."""
    layer = augment.Noisy(noise, 0.2, seed=1)
    first, second = (ops.convert_to_numpy(layer(GRAY)) for _ in range(2))
    by_numpy = layer.drawn(GRAY, np.random.default_rng(0))
    for values in (first, second, by_numpy):
        assert values.dtype == "float32" and values.min() >= 0 and values.max() <= 1
        if noise == "gaussian":
            assert abs(np.std(values) - 0.2) < 0.01  # 1 in 80 is clipped
        else:
            assert abs(np.mean(values != 0.5) - 0.2) < 0.02
            assert abs(np.mean(values == 1) - (0 if noise == "masking" else 0.1)) < 0.015
    assert (first != second).any() and (first[..., 0] != first[..., 1]).any()
    assert (first[0] != first[1]).any()
    np.testing.assert_array_equal(by_numpy, layer.drawn(GRAY, np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("noise", "level", "message"),
    [
        ("blur", 0.1, "noise: got 'blur'; it must be one of 'gaussian', 'masking'"),
        ("gaussian", 0.0, "level: got 0.0; it must be a finite number above 0"),
        ("masking", 1.0, "level: got 1.0; it must be a number above 0 and below 1"),
    ],
)
def test_noise_that_damages_nothing_or_everything_is_refused(noise, level, message):
    with pytest.raises(ValueError, match=message):
        augment.Noisy(noise, level)


@pytest.mark.parametrize("shape", [(9, 12), (12, 9)])
def test_random_regions_are_unions_of_four_squares(shape):
    regions = augment.Regions(inputs.Images(*shape), "random", side=3)
    draws = np.random.default_rng(0).random((2, 7, 4), "float32")
    found = ops.convert_to_numpy(regions.squares(draws))
    expected = np.zeros((7, *shape, 1), "float32")
    for image, (ys, xs) in zip(expected, draws.swapaxes(0, 1), strict=True):
        for y, x in zip(ys, xs, strict=True):
            top, left = int(y * (shape[0] - 2)), int(x * (shape[1] - 2))
            image[top : top + 3, left : left + 3] = 1
    np.testing.assert_array_equal(found, expected)
    drawn = [regions.drawn(7, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert (drawn[0] != drawn[2]).any()


def test_fillings_take_the_mean_color_or_the_nearest_visible_pixel():
    images = np.random.default_rng(0).random((2, 6, 6, 3), "float32")
    hidden = np.zeros((2, 6, 6, 1), "float32")
    hidden[0, 2:4, 2:4], hidden[1, 0:2] = 1, 1
    mean = ops.convert_to_numpy(augment.fill_mean(images, hidden))
    border = augment.fill_border(images, hidden > 0)
    for k in range(2):
        lost = hidden[k, ..., 0] > 0
        np.testing.assert_allclose(
            mean[k][lost], [images[k][~lost].mean(axis=0)] * lost.sum(), 1e-5
        )
        for filled in (mean, border):
            np.testing.assert_array_equal(filled[k][~lost], images[k][~lost])
    np.testing.assert_array_equal(border[1, 0], images[1, 2])
