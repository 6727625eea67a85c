"""Labelled and unlabelled images side by side: the batches of semi-supervised learning."""

import numpy as np

from sslzoo.checks import check_images, check_labels
from sslzoo.data.dataset import Dataset
from sslzoo.data.endless import Endless
from sslzoo.data.subset import labelled_subset


class Paired(Endless):
    """Batches for `fit(paired, epochs=...)`: {images, labels} of `batch_size` rows, {unlabeled,
    index} of ratio times as many.

    `index` counts rows of the unlabelled images: methods with a memory per image need it. The
    labelled images are part of the unlabelled ones too (google-research/fixmatch, issue 2).

    Labelled rows come in endless permutations, one after the other, so that a batch larger than the
    set repeats rows;
    unlabelled rows in permutations of which the remainder that fills no batch is left out: no batch
    repeats an index. Both are drawn by np.random.default_rng((seed, 0 or 1, number of the
    permutation)).

    Args:
        dataset: a `Dataset` with labels, or (images, labels).
        batch_size: labelled images a batch. FixMatch 64.
        ratio: mu, unlabelled images per labelled one in a batch. FixMatch 7.
        steps_per_epoch: by default, as many as show each unlabelled image once.
        labels_per_class: so many labels are used of each class, drawn by `draw`; the others are
        forgotten. None: all.
        unlabeled: images, or a `Dataset`, which should hold the labelled ones too. None: those of
        `dataset`.
        seed: of the order. start: the global step of item 0.
        draw: seed of the choice of labels: `labelled_subset(labels, per_class=labels_per_class,
            seed=draw)`.

    Attributes:
        labeled: rows of `dataset` that are used with their label, ascending.
        classes: the number of classes: of names that `dataset` has, or the largest label + 1.
        rows: unlabelled images a batch.

    Raises:
        ValueError: no labels, a class without any, fewer unlabelled images than a batch, or numbers
        out of range.
    """

    def __init__(
        self,
        dataset,
        batch_size=64,
        ratio=7,
        steps_per_epoch=None,
        labels_per_class=None,
        unlabeled=None,
        seed=0,
        draw=0,
        start=0,
    ):
        super().__init__(batch_size, 1 if steps_per_epoch is None else steps_per_epoch, seed, start)
        if not isinstance(ratio, (int, np.integer)) or ratio < 1:
            raise ValueError(f"ratio: need an integer of at least 1, got {ratio!r}.")
        dataset = Dataset(*dataset) if isinstance(dataset, tuple) else dataset
        labels = check_labels(dataset.labels, len(dataset), dataset.classes)
        self.classes = len(dataset.classes) if dataset.classes else int(labels.max()) + 1
        if missing := sorted(set(range(self.classes)) - set(labels.tolist())):
            raise ValueError(
                f"labels: got none of class {missing[0]}; each of the {self.classes} classes "
                "needs at least one."
            )
        self.labeled = np.arange(len(labels))
        if labels_per_class is not None:
            self.labeled = labelled_subset(labels, per_class=labels_per_class, seed=draw)
        unlabeled = check_images(
            dataset.images if unlabeled is None else getattr(unlabeled, "images", unlabeled),
            "unlabeled",
        )
        self.size, self.rows = len(unlabeled), self.batch_size * int(ratio)
        if self.size < self.rows:
            raise ValueError(
                f"unlabeled: got {self.size} images; a batch takes {self.batch_size} x {ratio} "
                f"= {self.rows}."
            )
        if steps_per_epoch is None:
            self.steps_per_epoch = self.size // self.rows
        self._settings = {"ratio": int(ratio), "labels_per_class": labels_per_class, "draw": draw}
        chosen = dataset.take(self.labeled)
        self._arrays = {"images": check_images(chosen.images), "labels": chosen.labels}
        self._arrays |= {"unlabeled": unlabeled, "index": np.arange(self.size)}

    @property
    def arrays(self):
        return self._arrays

    @property
    def settings(self):
        return self._settings

    def sample(self, count):
        images = self._arrays["unlabeled"]
        return images[np.linspace(0, self.size - 1, min(count, self.size)).astype(int)]

    def batch(self, epoch, k):
        step = epoch * self.steps_per_epoch + k
        rows = self._labeled_rows(step)
        index = self._unlabeled_rows(step)
        own = self._arrays
        batch = {field: own[field][rows] for field in ("images", "labels")}
        return batch | {"unlabeled": own["unlabeled"][index], "index": index}

    def _labeled_rows(self, step):
        count = len(self.labeled)
        places = np.arange(step * self.batch_size, (step + 1) * self.batch_size)
        first, last = places[0] // count, places[-1] // count
        orders = np.stack(
            [self._permutation(0, number, count) for number in range(first, last + 1)]
        )
        return orders[places // count - first, places % count]

    def _unlabeled_rows(self, step):
        number, place = divmod(step, self.size // self.rows)
        return self._permutation(1, number, self.size)[place * self.rows : (place + 1) * self.rows]

    def _permutation(self, which, number, count):
        return np.random.default_rng((self.seed, which, int(number))).permutation(count)
