"""Confusion and IoU against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, jaccard_score

from sslzoo.evaluate.bootstrap import bootstrap_interval, known_mean
from sslzoo.evaluate.mask_quality import class_iou, confusion, mean_iou, pixel_accuracy

RNG = np.random.default_rng(0)
TRUTH = RNG.integers(0, 4, (3, 9, 7)).astype("uint8")
FOUND = np.where(RNG.random(TRUTH.shape) < 0.6, TRUTH, RNG.integers(0, 5, TRUTH.shape))
TRUTH[RNG.random(TRUTH.shape) < 0.2] = 255
KNOWN = TRUTH != 255


def test_the_confusion_is_scikit_learns_without_pixels_of_no_class():
    counts = confusion(TRUTH, FOUND.astype("uint8"), 6)
    expected = confusion_matrix(TRUTH[KNOWN], FOUND[KNOWN], labels=range(6))
    np.testing.assert_array_equal(counts, expected)


def test_iou_is_scikit_learns_over_the_classes_that_occur():
    counts = confusion(TRUTH, FOUND, 6)
    expected = jaccard_score(TRUTH[KNOWN], FOUND[KNOWN], labels=range(4), average=None)
    iou = class_iou(counts)
    np.testing.assert_allclose(iou[:4], expected)
    # 4 was found and is never true, 5 is neither: both stay out of the mean.
    assert np.isnan(iou[4:]).all() and counts[:, 4].sum() > 0
    assert mean_iou(counts) == pytest.approx(expected.mean())
    assert pixel_accuracy(counts) == pytest.approx((TRUTH == FOUND)[KNOWN].mean())


def test_iou_is_of_all_images_together_and_not_the_mean_of_images():
    counts = [confusion(*pair, 5) for pair in zip(TRUTH, FOUND, strict=True)]
    np.testing.assert_array_equal(sum(counts), confusion(TRUTH, FOUND, 5))
    assert mean_iou(sum(counts)) != pytest.approx(np.mean([mean_iou(each) for each in counts]))


def test_the_bootstrap_of_a_mean_agrees_with_the_normal_interval():
    values = RNG.normal(size=400)
    low, high = bootstrap_interval(lambda rows: values[rows].mean(), len(values), seed=1)
    half = 1.96 * values.std(ddof=1) / 20
    np.testing.assert_allclose([low, high], [values.mean() - half, values.mean() + half], atol=0.02)
    again = bootstrap_interval(lambda rows: values[rows].mean(), len(values), seed=1)
    assert again == [low, high]


def test_draws_without_a_figure_count_nowhere():
    seen = iter([np.nan, 1.0, 2.0, 3.0] * 100)
    low, high = bootstrap_interval(lambda rows: next(seen), 5)
    assert 1 <= low <= high <= 3
    assert known_mean([1.0, np.nan, 2.0]) == 1.5
