"""The spec that the learners of tasks in sequence share: inside the second of two tasks."""

import numpy as np
from harness import _digits
from keras import ops

from sslzoo import nn

OLD, NEW = range(5), range(5, 10)


class SecondTask:
    """Classes 0 to 4 have been learned, 5 to 9 are; the old network, where there is one, is another
    than the present one.
    """

    method = None
    learns = ("backbone", "head")
    labels = range(10)  # those that a batch may have

    @classmethod
    def make(cls, **kwargs):
        model = cls.method(nn.backbone("micro", 8), classes=10, **kwargs)
        model.task_of.assign([0] * 5 + [1] * 5)
        model.tasks_done.assign(1)
        if hasattr(model, "old_head"):
            noise = np.random.default_rng(1)
            weights = model.old_head.get_weights()
            model.old_head.set_weights(
                [w + noise.normal(0, 0.5, w.shape).astype("float32") for w in weights]
            )
        return model

    @classmethod
    def batch(cls, n=13, seed=0):
        digits = _digits()
        rows = np.flatnonzero(np.isin(digits.labels, cls.labels))[:n]
        images = digits.images[rows][..., None]
        clean = np.repeat(images / 255.0, 3, axis=-1)
        noisy = clean + np.random.default_rng(seed).normal(0, 0.1, clean.shape)
        return {
            "images": images,
            "labels": digits.labels[rows],
            "view": np.clip(noisy, 0, 1).astype("float32"),
        }

    @classmethod
    def fit_data(cls, n, seed=0):
        """Of the open task alone: the memory, empty here, has the others."""
        digits = _digits()
        rows = np.flatnonzero(np.isin(digits.labels, NEW))[:n]
        return {"images": digits.images[rows][..., None], "labels": digits.labels[rows]}


def logits(model, view):
    """(present, old) logits in float64; the old ones None where there is no old network."""
    now = model.head(model.backbone(view, training=True))
    before = (
        model.old_head(model.old_backbone(view, training=False))
        if hasattr(model, "old_head")
        else None
    )
    return [None if z is None else ops.convert_to_numpy(z).astype("float64") for z in (now, before)]


def softmax(row):
    weights = np.exp(row - row.max())
    return weights / weights.sum()


def cross_entropy(z, labels, classes):
    """Of the softmax over `classes` alone."""
    classes = list(classes)
    return -np.mean(
        [np.log(softmax(row[classes])[classes.index(y)]) for row, y in zip(z, labels, strict=True)]
    )
