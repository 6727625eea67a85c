"""Batches of a few images of each of a few classes: what losses of pairs and triplets need."""

import numpy as np

from sslzoo.checks import check_images, check_labels
from sslzoo.data.dataset import Dataset
from sslzoo.data.endless import Endless


class ClassBalanced(Endless):
    """P x K batches for `fit(balanced, epochs=...)`: {images, labels, index} of `samples` images of
    each of `classes` classes (Hermans et al. 2017, arXiv:1703.07737, section 2). A random batch of
    a set with many classes would hold hardly an image with another of its class.

    Each batch draws its classes, and of each its images, without replacement, by
    np.random.default_rng((seed, epoch, k)). Rows come class by class.

    Args:
        dataset: a `Dataset` with labels, or (images, labels).
        classes: P, of the classes that the set has.
        samples: K, at least 2: one image has no other to be near to.
        steps_per_epoch: by default, as many as draw as many images as the set has.
        seed: of the order. start: the global step of item 0.

    Raises:
        ValueError: no labels, fewer than `classes` classes, a class with fewer than `samples`
        images.
    """

    def __init__(self, dataset, classes=32, samples=4, steps_per_epoch=None, seed=0, start=0):
        for field, value, least in (("classes", classes, 2), ("samples", samples, 2)):
            if not isinstance(value, (int, np.integer)) or value < least:
                raise ValueError(f"{field}: need an integer of at least {least}, got {value!r}.")
        dataset = Dataset(*dataset) if isinstance(dataset, tuple) else dataset
        images, labels = (
            check_images(dataset.images),
            check_labels(dataset.labels, len(dataset), dataset.classes),
        )
        found, counts = np.unique(labels, return_counts=True)
        if len(found) < classes:
            raise ValueError(f"classes: got {classes}; the data has {len(found)}.")
        if counts.min() < samples:
            label = found[counts.argmin()]
            name = f" ({dataset.classes[label]})" if dataset.classes else ""
            has = "1 image" if counts.min() == 1 else f"{counts.min()} images"
            raise ValueError(f"samples: got {samples}; class {label}{name} has {has}.")
        if steps_per_epoch is None:
            steps_per_epoch = max(1, len(labels) // (classes * samples))
        super().__init__(classes * samples, steps_per_epoch, seed, start)
        self.size, self.classes, self.samples = len(labels), int(classes), int(samples)
        self._arrays = {"images": images, "labels": labels}
        self._rows = np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])

    @property
    def arrays(self):
        return self._arrays

    @property
    def settings(self):
        return {"classes": self.classes, "samples": self.samples}

    def batch(self, epoch, k):
        rng = np.random.default_rng((self.seed, epoch, k))
        chosen = rng.choice(len(self._rows), self.classes, replace=False)
        rows = np.concatenate(
            [rng.choice(self._rows[c], self.samples, replace=False) for c in chosen]
        )
        return {field: values[rows] for field, values in self._arrays.items()} | {"index": rows}
