import numpy as np
from keras import ops
from skimage.color import lab2rgb, rgb2lab

from sslzoo import nn

COLORS = np.random.default_rng(0).random((6, 5, 3))
CORNERS = np.array(np.meshgrid([0, 1], [0, 1], [0, 1]), "float64").reshape(3, -1).T


def test_lab_is_that_of_scikit_image_and_comes_back():
    for colors in (COLORS, CORNERS, COLORS / 30):
        lab = ops.convert_to_numpy(nn.rgb_to_lab(colors))
        np.testing.assert_allclose(lab, rgb2lab(colors), atol=0.01)
        np.testing.assert_allclose(ops.convert_to_numpy(nn.lab_to_rgb(lab)), colors, atol=2e-4)
    wild = np.array([[[60.0, 90.0, -100.0], [20.0, -80.0, 90.0]]])
    np.testing.assert_allclose(ops.convert_to_numpy(nn.lab_to_rgb(wild)), lab2rgb(wild), atol=1e-3)


def test_bins_are_those_that_colors_fall_into():
    bins = {tuple(row) for row in nn.gamut_bins().tolist()}
    found = np.round(rgb2lab(np.random.default_rng(1).random((200, 100, 3)))[..., 1:] / 10)
    fallen = {tuple(row) for row in (10 * found.reshape(-1, 2) + 0.0).tolist()}
    assert 255 <= len(bins) <= 265 and len(fallen - bins) <= 2 and len(bins - fallen) < 30
    assert (0.0, 0.0) in bins and (-110.0, 110.0) not in bins


def test_soft_bins_sum_to_one_over_five_and_have_their_color_as_the_mean():
    bins = nn.gamut_bins()
    colors = rgb2lab(COLORS)[..., 1:]
    weights = ops.convert_to_numpy(nn.soft_bins(colors, bins))
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)
    assert ((weights > 0).sum(axis=-1) <= 5).all()
    assert np.abs(weights @ bins - colors).mean() < 2
    far = ops.convert_to_numpy(nn.soft_bins(np.array([[500.0, 500.0]]), bins))
    assert np.isfinite(far).all()
