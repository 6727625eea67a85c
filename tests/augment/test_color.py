import colorsys
import itertools

import numpy as np
import pytest

from sslzoo.augment import color_jitter, color_matrix, solarize

LUMA = np.array([0.299, 0.587, 0.114])


def images_of(shape=(2, 7, 5, 3), seed=0):
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def column(*values):
    return np.array(values, np.float32)


def brightness(image, factor):
    return image * factor


def contrast(image, factor):
    mean = image.mean(axis=(0, 1))
    return mean + factor * (image - mean)


def saturation(image, factor):
    gray = (image @ LUMA)[..., None]
    return gray + factor * (image - gray)


def hue(image, turns):
    """Into YIQ, a clockwise rotation of (I, Q), and back."""
    to_yiq = np.array([LUMA, (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112)])
    y, i, q = np.moveaxis(image @ to_yiq.T, -1, 0)
    angle = -2 * np.pi * turns
    i, q = np.cos(angle) * i - np.sin(angle) * q, np.sin(angle) * i + np.cos(angle) * q
    return np.stack([y, i, q], axis=-1) @ np.linalg.inv(to_yiq).T


STEPS = (brightness, contrast, saturation, hue)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::5])
def test_one_matrix_is_the_four_steps_in_any_order(order):
    # Values around 0.5 and mild factors, so that nothing is clipped and the whole formula shows.
    images = 0.4 + 0.2 * images_of((3, 7, 5, 3))
    factors = (
        column(0.8, 1.1, 1.2),
        column(1.3, 0.6, 1.0),
        column(0.3, 1.4, 0.0),
        column(0.1, -0.2, 0.45),
    )
    views = color_jitter(images, *factors)
    for n in range(3):
        expected = images[n].astype(np.float64)
        for step in order:
            expected = STEPS[step](expected, factors[step][n])
        np.testing.assert_allclose(views[n], expected, atol=1e-5)


def test_strong_factors_are_clipped_once_at_the_end():
    images = images_of()
    views = np.asarray(
        color_jitter(
            images, column(1.8, 0.2), column(1.8, 1.8), column(1.8, 1.8), column(0.2, -0.2)
        )
    )
    for n, factors in enumerate([(1.8, 1.8, 1.8, 0.2), (0.2, 1.8, 1.8, -0.2)]):
        expected = images[n].astype(np.float64)
        for step, factor in zip(STEPS, factors, strict=True):
            expected = step(expected, factor)
        np.testing.assert_allclose(views[n], np.clip(expected, 0, 1), atol=1e-5)
    assert views.min() == 0 and views.max() == 1


def test_neutral_factors_are_the_identity():
    images = images_of()
    views = color_jitter(images, column(1, 1), column(1, 1), column(1, 1), column(0, 0))
    np.testing.assert_allclose(views, images, atol=1e-6)


@pytest.mark.parametrize("position", range(4))
def test_each_factor_changes_only_its_own_image(position):
    factors = [column(1, 1), column(1, 1), column(1, 1), column(0, 0)]
    factors[position] = column(0.5, factors[position][1])
    images = images_of()
    views = np.asarray(color_jitter(images, *factors))
    # a saturation of 0.5 is half the color, not all of it
    assert np.abs(views[0] - images[0]).max() > 0.05
    np.testing.assert_allclose(views[1], images[1], atol=1e-6)


def test_saturation_zero_is_the_luma_three_times():
    images = images_of()
    views = color_jitter(images, column(1, 1), column(1, 1), column(0, 0), column(0.3, 0))
    np.testing.assert_allclose(views, np.repeat((images @ LUMA)[..., None], 3, axis=-1), atol=1e-6)


def test_hue_leaves_gray_and_luma_alone():
    turns = np.linspace(-0.5, 0.5, 9, dtype=np.float32)
    one = np.ones_like(turns)
    matrix = np.asarray(color_matrix(one, one, turns))
    np.testing.assert_allclose(matrix @ np.ones(3), 1, atol=1e-6)
    np.testing.assert_allclose(LUMA @ matrix, np.tile(LUMA, (9, 1)), atol=1e-6)


def test_hue_turns_the_way_hsv_does_and_comes_round():
    # A third of the circle makes the strongest channel red -> green -> blue -> red, as in HSV.
    matrix = np.asarray(color_matrix(column(1), column(1), column(1 / 3)))[0]
    for channel in range(3):
        assert np.argmax(matrix @ np.eye(3)[channel]) == (channel + 1) % 3
    full = np.asarray(color_matrix(column(1), column(1), column(1)))[0]
    np.testing.assert_allclose(full, np.eye(3), atol=1e-5)


@pytest.mark.parametrize("turns", [-0.1, 0.1])
def test_hue_lands_near_where_hsv_would_put_it(turns):
    colors = np.random.default_rng(0).uniform(0.3, 0.7, (500, 3))
    matrix = np.asarray(color_matrix(column(1), column(1), column(turns)))[0]
    moved = [
        colorsys.rgb_to_hsv(*after)[0] - colorsys.rgb_to_hsv(*before)[0]
        for before, after in zip(colors, colors @ matrix.T, strict=True)
    ]
    deviation = (np.array(moved) - turns + 0.5) % 1 - 0.5
    assert np.abs(deviation).max() < 0.05 and abs(deviation.mean()) < 0.01


def test_solarize_inverts_what_is_not_below_the_threshold():
    values = np.array([0.0, 0.25, 0.49, 0.5, 0.75, 1.0], np.float32).reshape(1, 2, 3, 1)
    images = np.concatenate([values, values])
    views = np.asarray(solarize(images, column(0.5, 2.0)))
    np.testing.assert_allclose(views[0].ravel(), [0.0, 0.25, 0.49, 0.5, 0.25, 0.0], atol=1e-6)
    np.testing.assert_array_equal(views[1], images[1])
