"""Scores of vectors and places, and the bounds that are made of them, against plain NumPy."""

import numpy as np
import pytest
from scipy.special import logsumexp

from sslzoo import losses

RNG = np.random.default_rng(0)


def softplus(x):
    return np.logaddexp(0, x)


def made(n=5, places=3, width=4):
    return RNG.normal(size=(n, width)), RNG.normal(size=(n, places, width))


def test_scores_are_all_products():
    vectors, places = made()
    expected = np.einsum("id,jld->ijl", vectors, places)
    np.testing.assert_allclose(losses.place_scores(vectors, places), expected, atol=1e-5)


def test_jsd_is_the_estimator_of_deep_infomax():
    scores = 3 * RNG.normal(size=(5, 5, 3))
    own = np.eye(5, dtype=bool)
    expected = softplus(-scores[own]).mean() + softplus(scores[~own]).mean() - 2 * np.log(2)
    np.testing.assert_allclose(float(losses.jsd_places(scores)), expected, rtol=1e-5)


def test_info_nce_leaves_the_other_places_of_an_item_out():
    scores = 3 * RNG.normal(size=(5, 5, 3))
    terms = []
    for i in range(5):
        others = np.delete(scores[i], i, axis=0).ravel()
        terms += [logsumexp([own, *others]) - own for own in scores[i, i]]
    np.testing.assert_allclose(float(losses.info_nce_places(scores)), np.mean(terms), rtol=1e-5)


def test_predictive_info_nce_overlooks_the_target_among_the_candidates():
    predictions, candidates = RNG.normal(size=(6, 4)), RNG.normal(size=(9, 4))
    rows = np.array([0, 8, 3, 3, 1, 2])
    same = rows[:, None] == np.arange(9)
    terms = []
    for prediction, row in zip(predictions, rows, strict=True):
        found = candidates @ prediction
        terms.append(logsumexp(found) - found[row])  # each is there once
    loss = losses.predictive_info_nce(predictions, candidates[rows], candidates, same)
    np.testing.assert_allclose(float(loss), np.mean(terms), rtol=1e-5)


@pytest.mark.parametrize("loss", [losses.jsd_places, losses.info_nce_places])
def test_huge_scores_stay_finite_and_one_item_is_refused(loss):
    assert np.isfinite(float(loss(np.full((3, 3, 2), 1e4, "float32"))))
    assert np.isfinite(float(loss(np.full((3, 3, 2), -1e4, "float32"))))
    with pytest.raises(ValueError, match="scores: got shape .1, 1, 2.; it must be .N, N, L"):
        loss(np.zeros((1, 1, 2), "float32"))


def test_clipped_scores_keep_their_order():
    scores = np.linspace(-30, 30, 7)
    clipped = np.asarray(losses.clip_scores(scores, 20.0))
    np.testing.assert_allclose(clipped, 20 * np.tanh(scores / 20), rtol=1e-6)
