"""The data set that needs no download: scikit-learn's 8x8 digits."""

import numpy as np

from sslzoo.data.dataset import Dataset
from sslzoo.data.read import check_split

SPLITS = ["test", "train"]
TEST_SIZE = 500
SPLIT_SEED = 0


def load(split: str = "train") -> Dataset:
    """1,797 handwritten digits, uint8 (N, 8, 8): 1,297 for training, 500 for testing.

    scikit-learn's bundled copy of the UCI test set (Alpaydin and Kaynak 1998), gray values 0..16
    scaled to 0..255. The split is drawn once, stratified by class, with seed 0; rows keep
    scikit-learn's order. Raises ValueError for another split.

    >>> load("test")
    Dataset('digits', 'test', images (500, 8, 8) uint8, 10 classes)
    """
    check_split("digits", split, SPLITS)
    from sklearn.datasets import load_digits as bundled
    from sklearn.model_selection import train_test_split

    images, labels = bundled(return_X_y=True)
    images = np.rint(images.reshape(-1, 8, 8) * (255 / 16)).astype("uint8")
    train, test = train_test_split(
        np.arange(len(labels)), test_size=TEST_SIZE, stratify=labels, random_state=SPLIT_SEED
    )
    rows = np.sort(train if split == "train" else test)
    classes = [str(digit) for digit in range(10)]
    return Dataset(images[rows], labels[rows], classes, "digits", split)
