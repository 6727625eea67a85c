"""Batches with several rows of each class, for losses of pairs and triplets."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import check_fields, refused, whole
from sslzoo.data.dataset import Dataset, as_dataset, batch_of
from sslzoo.data.endless import Endless


class ClassBalanced(Endless):
    """P x K batches for `fit(balanced, epochs=...)`: all fields of the data and "index", `samples`
    rows of each of `classes` classes (Hermans et al. 2017, arXiv:1703.07737, section 2).

    In a random batch of a set with many classes, few rows have another row of their class.

    Each batch draws its classes, and of each its rows, without replacement, by
    np.random.default_rng((seed, epoch, k)). Rows come class by class.

    Args:
        dataset: A `Dataset` with labels, (images, labels), or a dict of fields.
        classes: P, the number of classes in a batch.
        samples: K, the number of rows of each class in a batch, at least 2.
        steps_per_epoch: Default: enough steps to draw as many rows as the set has.
        seed: Random seed of the order. The global step of item 0 is `start`.

    Raises:
        ValueError: There are no labels or fewer than `classes` classes, or a class has fewer than
            `samples` rows.

    >>> from sslzoo import data
    >>> ClassBalanced(data.load("digits"), classes=3, samples=2)[0]["labels"]
    array([5, 5, 9, 9, 6, 6])
    """

    def __init__(
        self,
        dataset: Dataset | tuple | dict,
        classes: int = 32,
        samples: int = 4,
        steps_per_epoch: int | None = None,
        seed: int = 0,
        start: int = 0,
    ) -> None:
        self.classes = whole("classes", classes, least=2)
        self.samples = whole("samples", samples, least=2)
        dataset = as_dataset(dataset)
        self._arrays = check_fields({"labels": None} | dataset.fields, dataset.classes)
        labels = self._arrays["labels"]
        present, counts = np.unique(labels, return_counts=True)
        if len(present) < classes:
            raise refused("classes", classes, f"be at most {len(present)}, those of the data")
        if counts.min() < samples:
            label = present[counts.argmin()]
            name = f" ({dataset.classes[label]})" if dataset.classes else ""
            has = f"be at most {counts.min()}, the {dataset.field} of class {label}{name}"
            raise refused("samples", samples, has)
        if steps_per_epoch is None:
            steps_per_epoch = max(1, len(labels) // (classes * samples))
        super().__init__(classes * samples, steps_per_epoch, seed, start)
        self.size = len(labels)
        self._of_class = np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])

    @property
    def arrays(self) -> dict[str, NDArray]:
        return self._arrays

    @property
    def settings(self) -> dict[str, Any]:
        return super().settings | {"classes": self.classes, "samples": self.samples}

    def batch(self, epoch: int, k: int) -> dict[str, NDArray]:
        rng = np.random.default_rng((self.seed, epoch, k))
        chosen = rng.choice(len(self._of_class), self.classes, replace=False)
        drawn = [rng.choice(self._of_class[c], self.samples, replace=False) for c in chosen]
        return batch_of(self._arrays, np.concatenate(drawn))
