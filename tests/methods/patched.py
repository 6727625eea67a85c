"""What the tests of methods on patches share: images, and their patches at fixed places."""

import numpy as np

from sslzoo import data

SIDE, PATCH = 12, 3


def pictures(n):
    """Digits of 12 px, in color."""
    images = np.asarray(data.load("digits", split="train").images[:n], "float32") / 255
    images = images.reshape(n, *images.shape[1:3], 1)
    padded = np.pad(images, [(0, 0), (2, 2), (2, 2), (0, 0)])
    return np.repeat(padded, 3, axis=-1)


def patches_of(images):
    """The upper left patches of the nine cells of images (N, 12, 12, C): (N, 9, 3, 3, C)."""
    n, *_, channels = images.shape
    cells = images.reshape(n, 3, 4, 3, 4, channels).transpose(0, 1, 3, 2, 4, 5)
    return np.ascontiguousarray(cells.reshape(n, 9, 4, 4, channels)[:, :, :PATCH, :PATCH])


def log_softmax(logits):
    logits = np.asarray(logits).astype("float64")
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
