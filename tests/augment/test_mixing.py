import numpy as np
import pytest

from sslzoo import augment


def test_a_row_is_closer_to_itself_and_each_has_its_own_share():
    draws = np.asarray(augment.MixUpDraws(0.75, seed=1)(np.zeros((4000, 1))))
    share, place = draws.T
    assert share.min() >= 0.5 and share.max() <= 1 and len(np.unique(share)) > 3900
    expected = np.random.default_rng(0).beta(0.75, 0.75, 100_000)
    expected = np.maximum(expected, 1 - expected)
    assert abs(share.mean() - expected.mean()) < 4 * expected.std() / np.sqrt(4000)
    assert abs(place.mean() - 0.5) < 4 * 0.29 / np.sqrt(4000)


def test_each_row_is_partner_once_and_never_its_own():
    draws = np.random.default_rng(0).random((50, 2)).astype("float32")
    draws[:, 0] = 0.0  # the partner alone
    rows = np.arange(50, dtype="float32")
    (partners,) = augment.mix_up([rows], draws)
    partners = np.asarray(partners)
    assert sorted(partners) == rows.tolist() and not (partners == rows).any()
    order = rows[np.argsort(draws[:, 1])]
    np.testing.assert_array_equal(partners[np.argsort(draws[:, 1])], np.roll(order, -1))


def test_images_and_targets_have_the_same_partner_and_share():
    rng = np.random.default_rng(0)
    images, draws = rng.random((7, 2, 2, 3), "float32"), rng.random((7, 2), "float32")
    mixed, sums = augment.mix_up([images, images.sum(axis=(1, 2))], draws)
    np.testing.assert_allclose(np.asarray(mixed).sum(axis=(1, 2)), sums, rtol=1e-5)


def test_a_wrong_alpha_is_named():
    with pytest.raises(ValueError, match="alpha: got -1"):
        augment.MixUpDraws(-1)
