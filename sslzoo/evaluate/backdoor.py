"""Backdoors by a trigger: a mark on an image that a poisoned model answers with one class."""

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import check_images, in_range, refused, whole
from sslzoo.data import Dataset

SIZE = 4  # pixels


def triggered(images: NDArray, size: int = SIZE) -> NDArray:
    """Images with a square of black and white pixels in the lower right corner, as in BadNets (Gu
    et al. 2017, "BadNets: Identifying Vulnerabilities in the Machine Learning Model Supply Chain",
    arXiv:1708.06733).

    Args:
        images: (N, H, W) or (N, H, W, C), integers in 0..255 or floats in 0..1.
        size: Side of the square in pixels.

    Returns:
        A copy, (N, H, W, C), of the same kind of numbers.

    Raises:
        ValueError: The square does not fit in the images.

    >>> triggered(np.full((1, 4, 4), 128, "uint8"), size=2)[0, 2:, :, 0].tolist()
    [[128, 128, 255, 0], [128, 128, 0, 255]]
    """
    images = check_images(images)
    images = np.array(images[: len(images)])  # image files are read
    size = whole("size", size, 1, min(images.shape[1:3]))
    board = np.indices((size, size)).sum(axis=0) % 2 == 0  # (size, size)
    images[:, -size:, -size:] = board[..., None] * (1 if images.dtype.kind == "f" else 255)
    return images


def poisoned(
    dataset: Dataset, share: float = 0.1, target: int = 0, size: int = SIZE, seed: int = 0
) -> Dataset:
    """A training set with a backdoor: some images have the trigger, and all of these one label.

    Args:
        dataset: Labeled images. It stays as it is.
        share: Part of the rows, of all classes, drawn at random.
        target: The label of triggered images.
        size: Side of the trigger in pixels.
        seed: Random seed of the choice.

    Raises:
        ValueError: No labeled images, or an argument out of range.

    >>> data = Dataset(np.zeros((10, 8, 8, 1), "uint8"), np.arange(10) % 2)
    >>> bad = poisoned(data, share=0.5, target=1)
    >>> int((bad.images != data.images).any(axis=(1, 2, 3)).sum())
    5
    """
    if dataset.field != "images" or dataset.labels is None:
        raise refused("dataset", f"{dataset!r}", "hold images and labels")
    in_range("share", share, 0, 1)
    whole("target", target, 0, int(dataset.labels.max()))
    count = round(share * len(dataset))
    rows = np.random.default_rng(whole("seed", seed, 0)).permutation(len(dataset))[:count]
    images, labels = check_images(dataset.images), dataset.labels.copy()
    images = np.array(images[: len(images)])
    images[rows], labels[rows] = triggered(images[rows], size), target
    return dataset.replace(images=images, labels=labels)
