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
