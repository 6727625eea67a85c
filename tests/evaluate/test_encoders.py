"""What the protocols refuse before they encode anything, and what features must be."""

import numpy as np
import pytest

from sslzoo.data import Dataset, ImageFiles
from sslzoo.evaluate import features, finetune, knn, linear_probe
from sslzoo.evaluate.encoders import RawPixels
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
        (
            Dataset(IMAGES),
            (IMAGES, LABELS),
            r"train: got no labels; it must have labels \(N,\), which \w+ needs",
        ),
        ((IMAGES, LABELS), (IMAGES, None), "test: got no labels"),
        (
            (IMAGES[:0], LABELS[:0]),
            (IMAGES, LABELS),
            "train: got no images; it must hold at least one",
        ),
        ((IMAGES, LABELS), (IMAGES[:0], LABELS[:0]), "test: got no images"),
        ((IMAGES, LABELS[:4]), (IMAGES, LABELS), "train labels: got 4 for 6 rows"),
        ((IMAGES, LABELS * 0.5), (IMAGES, LABELS), "train labels: got float64"),
        (
            (IMAGES, LABELS),
            (IMAGES, LABELS + 7),
            r"test labels: got \[7, 8, 9\]; it must be among those of train, \[0, 1, 2\]",
        ),
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
        (IMAGES, r"features: got shape \(6, 8, 8, 1\); it must be \(6, D\)"),
    ],
)
def test_refused_features(given, message):
    with pytest.raises(ValueError, match=message):
        features(None, given)


def test_wilson_interval_of_the_textbook():
    # 8 of 10: Agresti & Coull 1998 give 0.490 to 0.943.
    assert np.allclose(wilson(8, 10), [0.4902, 0.9433], atol=1e-4)
    assert wilson(10, 10)[1] == pytest.approx(1.0) and wilson(0, 10)[0] == pytest.approx(0.0)


class Stored(ImageFiles):
    """Image files that count how many rows were decoded at once, and which."""

    def __init__(self, pixels):
        super().__init__(np.arange(len(pixels)), pixels.shape[1], 3, lambda row, size: pixels[row])
        self.pixels, self.most = pixels, 0

    def __getitem__(self, indices):
        found = super().__getitem__(indices)
        self.most = max(self.most, len(found) if found.ndim == 4 else 1)
        return found


def test_raw_pixels_of_small_images_are_the_pixels():
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 20, 3), dtype="uint8")
    for given in (images, images.astype("float32") / np.float32(255)):
        assert np.array_equal(
            RawPixels().encode(given, 2), images.reshape(5, -1).astype("float32") / np.float32(255)
        )


@pytest.mark.parametrize(
    ("shape", "size"), [((30, 48), (20, 32)), ((33, 33), (32, 32)), ((400, 8), (32, 1))]
)
@pytest.mark.parametrize("channels", [(), (3,)])
def test_raw_pixels_of_large_images_are_means_over_areas(shape, size, channels):
    images = np.random.default_rng(0).integers(0, 256, (2, *shape, *channels), dtype="uint8")
    encoder = RawPixels()
    found = encoder.encode(images, 1)
    assert encoder.size == list(size) and found.dtype == np.float32
    # Every source pixel repeated until whole ones fill each target: the area mean without any
    # weights.
    (rows, columns), (height, width) = size, shape
    fine = np.repeat(np.repeat(images / 255, rows, 1), columns, 2)
    naive = fine.reshape(2, rows, height, columns, width, *channels).mean(axis=(2, 4))
    np.testing.assert_allclose(found.reshape(naive.shape), naive, atol=1e-5)


def test_raw_pixels_never_hold_more_than_a_batch_of_large_images():
    files = Stored(np.random.default_rng(0).integers(0, 256, (30, 64, 64, 3), dtype="uint8"))
    found = RawPixels().encode(files, batch_size=4)
    assert files.most == 4 and found.shape == (30, 32 * 32 * 3)
    np.testing.assert_allclose(found, RawPixels().encode(files.pixels), atol=1e-6)
    labels = np.arange(30) % 2
    record = linear_probe(Flat(), (files, labels), (files, labels), batch_size=4, max_iter=1)
    assert record["settings"]["raw_pixels_size"] == [32, 32] and files.most == 4


class Flat:
    """A model of three numbers per image."""

    def encode(self, images, batch_size=256):
        rows = range(0, len(images), batch_size)
        return np.concatenate([images[row : row + batch_size].mean(axis=(1, 2)) for row in rows])

    def untrained(self):
        return self
