"""What the protocols refuse before they encode anything, and what features must be."""

import numpy as np
import pytest

from sslzoo.data import Dataset
from sslzoo.evaluate import features, finetune, knn, linear_probe
from sslzoo.evaluate.record import wilson

IMAGES, LABELS = np.zeros((6, 8, 8, 1), "uint8"), np.array([0, 1, 2, 0, 1, 2])


class Untouchable:
    """A model whose encode would show that work began."""

    def encode(self, images, batch_size=256):
        raise AssertionError("encode was called")


@pytest.mark.parametrize("protocol", [knn, linear_probe, finetune])
@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (Dataset(IMAGES), (IMAGES, LABELS), r"train has no labels; \w+ needs labels \(N,\)"),
        ((IMAGES, LABELS), (IMAGES, None), "test has no labels"),
        ((IMAGES[:0], LABELS[:0]), (IMAGES, LABELS), "train is empty"),
        ((IMAGES, LABELS), (IMAGES[:0], LABELS[:0]), "test is empty"),
        ((IMAGES, LABELS[:4]), (IMAGES, LABELS), "train labels: got 4 for 6 images"),
        ((IMAGES, LABELS * 0.5), (IMAGES, LABELS), "train labels: need integer class numbers"),
        ((IMAGES, LABELS), (IMAGES, LABELS + 7), r"test labels hold \[7, 8, 9\], train labels only \[0, 1, 2\]"),
    ],
)
def test_refused_before_work_starts(protocol, train, test, message):
    with pytest.raises(ValueError, match=message):
        protocol(Untouchable(), train, test)


def test_features_take_a_dataset_a_tuple_or_images(projection):
    expected = projection.encode(IMAGES + 9)
    for data in (Dataset(IMAGES + 9), (IMAGES + 9, LABELS), IMAGES + 9):
        assert np.array_equal(features(projection, data), expected)


def test_given_features_are_returned_as_float32():
    assert features(None, np.ones((3, 2))).dtype == np.float32


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.array([[1.0, np.nan], [1.0, 2.0]]), "non-finite values in 1 of 2 rows"),
        (IMAGES, r"features are \(6, 8, 8, 1\): \(6, D\) is needed"),
    ],
)
def test_refused_features(given, message):
    with pytest.raises(ValueError, match=message):
        features(None, given)


def test_wilson_interval_of_the_textbook():
    # 8 of 10: Agresti & Coull 1998 give .490 to .943.
    assert np.allclose(wilson(8, 10), [0.4902, 0.9433], atol=1e-4)
    assert wilson(10, 10)[1] == pytest.approx(1.0) and wilson(0, 10)[0] == pytest.approx(0.0)
