import numpy as np
import pytest
from sklearn.datasets import load_digits

from sslzoo.data import Dataset


class Projection:
    """A model in all that the protocols ask of one: a random projection of the pixels."""

    def __init__(self, dimensions=24, seed=0):
        self.dimensions, self.seed = dimensions, seed

    def encode(self, images, batch_size=256):
        pixels = np.asarray(images, "float32").reshape(len(images), -1) / 255
        matrix = np.random.default_rng(self.seed).normal(size=(pixels.shape[1], self.dimensions))
        return pixels @ matrix.astype("float32")

    def untrained(self):
        return Projection(2, 100)


@pytest.fixture
def projection():
    return Projection()


@pytest.fixture(scope="session")
def digits():
    """(train, test): 1,000 and 300 digits, uint8 (N, 8, 8, 1)."""
    images, labels = load_digits(return_X_y=True)
    images = np.minimum(images.reshape(-1, 8, 8, 1) * 16, 255).astype("uint8")
    classes = [f"digit {i}" for i in range(10)]
    train = Dataset(images[:1000], labels[:1000], classes, "digits", "train")
    return train, Dataset(images[1000:1300], labels[1000:1300], classes, "digits", "test")


def rectangles(count, seed):
    """(images, masks, boxes) of 48x64 pixels: a red and a blue rectangle on dark noise, one in each
    half. The first row of pixels has no class.
    """
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 40, (count, 48, 64, 3), dtype="uint8")
    masks = np.zeros((count, 48, 64), "uint8")
    boxes = np.full((count, 3, 5), -1, "float32")
    for row in range(count):
        for number, label in enumerate(rng.permutation(2)):
            height, width = rng.integers(12, 26, 2)
            top, left = rng.integers(0, 49 - height), 32 * number + rng.integers(0, 33 - width)
            there = slice(top, top + height), slice(left, left + width)
            images[row][there] = ((200, 60, 40), (50, 90, 210))[label]
            masks[row][there] = label + 1
            boxes[row, number] = label, left, top, left + width, top + height
    masks[:, 0] = 255
    return images, masks, boxes


def dense_set(field, count, seed):
    images, masks, boxes = rectangles(count, seed)
    if field == "boxes":
        return Dataset(images, boxes=boxes, classes=["red", "blue"], name="rectangles")
    return Dataset(images, masks=masks, classes=["dark", "red", "blue"], name="rectangles")


@pytest.fixture(scope="session")
def masked():
    """(train, test): 24 and 12 images with masks."""
    return dense_set("masks", 24, 0), dense_set("masks", 12, 1)


@pytest.fixture(scope="session")
def boxed():
    """(train, test): 40 and 12 images with boxes."""
    return dense_set("boxes", 40, 0), dense_set("boxes", 12, 1)
