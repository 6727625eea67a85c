"""Batches of labeled and unlabeled rows, for semi-supervised learning."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks import INPUTS, check_labels, refused, whole
from sslzoo.data.dataset import Dataset, as_dataset
from sslzoo.data.endless import Endless, spread
from sslzoo.data.subset import labeled_subset


class Paired(Endless):
    """Batches for `fit(paired, epochs=...)`: {images, labels} of `batch_size` rows, {unlabeled,
    index} of ratio times as many. Instead of images, whatever field the data set has.

    `index` counts rows of the unlabeled ones: methods with a memory per row need it. The labeled
    rows are part of the unlabeled ones too (google-research/fixmatch, issue 2).

    Labeled rows come in endless permutations, one after the other, so that a batch larger than the
    set repeats rows. Unlabeled rows come in permutations of which the remainder that fills no
    batch is left out: no batch repeats an index. Both are drawn by np.random.default_rng((seed, 0
    or 1, number of the permutation)).

    Args:
        dataset: The labeled rows, as a `Dataset` with labels, (images, labels), or a dict of
            fields.
        batch_size: Labeled rows in a batch. FixMatch has 64.
        ratio: mu, the unlabeled rows for each labeled one in a batch. FixMatch has 7.
        steps_per_epoch: Default: enough steps to show each unlabeled row once.
        labels_per_class: Number of labels to use from each class. The others are ignored. None: all
            labels.
        unlabeled: An array or a data set, such as `load(folder, "unlabeled")`. Its labels are not
            used. None: all rows of `dataset`.
        seed: Random seed of the order.
        start: The global step of item 0.
        draw: Random seed of the choice of labels: `labeled_subset(labels,
            per_class=labels_per_class, seed=draw)`.

    Attributes:
        labeled: Rows of `dataset` whose labels are used, ascending.
        classes: The number of classes: the number of names in `dataset`, or the largest label + 1.
        rows: Unlabeled rows in a batch.
        unused_labels: Whether `unlabeled` is a data set with labels.

    Raises:
        ValueError: There are no labels, a class has no label, a batch needs more unlabeled rows
            than there are, the items are graphs, or a number is out of range.

    In a config, `data: {labeled: ..., unlabeled: ...}` with `sampler: {name: paired}`.

    >>> from sslzoo import data
    >>> paired = Paired(data.load("digits"), batch_size=10, ratio=2, labels_per_class=4)
    >>> {field: len(values) for field, values in paired[0].items()}
    {'images': 10, 'labels': 10, 'unlabeled': 20, 'index': 20}
    """

    roles = ("labeled", "unlabeled")

    def __init__(
        self,
        dataset: Dataset | tuple | dict,
        batch_size: int = 64,
        ratio: int = 7,
        steps_per_epoch: int | None = None,
        labels_per_class: int | None = None,
        unlabeled: ArrayLike | Dataset | None = None,
        seed: int = 0,
        draw: int = 0,
        start: int = 0,
    ) -> None:
        super().__init__(batch_size, 1 if steps_per_epoch is None else steps_per_epoch, seed, start)
        self.ratio = whole("ratio", ratio, least=1)
        self.draw = whole("draw", draw, least=0)
        self.labels_per_class = labels_per_class
        dataset = as_dataset(dataset)
        self._field = _single_field(dataset)
        labels = self._check_labels(dataset)
        self.unused_labels = _has_labels(unlabeled)
        self.labeled = np.arange(len(labels))
        if labels_per_class is not None:
            self.labeled = labeled_subset(labels, per_class=labels_per_class, seed=self.draw)
        chosen = dataset.take(self.labeled)
        self._arrays = {
            self._field: self._check_input(chosen.inputs, self._field),
            "labels": chosen.labels,
            "unlabeled": self._check_input(_inputs(dataset, unlabeled), "unlabeled"),
        }
        self.size = len(self._arrays["unlabeled"])
        self._arrays["index"] = np.arange(self.size)
        self.rows = self.batch_size * self.ratio
        if self.size < self.rows:
            needed = f"hold the {self.batch_size} x {self.ratio} = {self.rows} of a batch"
            smaller = "or batch_size or ratio be smaller"
            raise refused("unlabeled", f"{self.size} {self._field}", f"{needed}, {smaller}")
        if steps_per_epoch is None:
            self.steps_per_epoch = self.size // self.rows

    def _check_labels(self, dataset):
        labels = check_labels(dataset.labels, len(dataset), dataset.classes)
        self.classes = len(dataset.classes) if dataset.classes else int(labels.max()) + 1
        if missing := sorted(set(range(self.classes)) - set(labels.tolist())):
            needed = f"hold each of the {self.classes} classes at least once"
            raise refused("labels", f"none of class {missing[0]}", needed)
        return labels

    def _check_input(self, values, name):
        return INPUTS[self._field](values, name=name)

    @property
    def arrays(self) -> dict[str, NDArray]:
        return self._arrays

    @property
    def field(self) -> str:
        return self._field

    @property
    def settings(self) -> dict[str, Any]:
        own = {"ratio": self.ratio, "labels_per_class": self.labels_per_class, "draw": self.draw}
        return super().settings | own

    def sample(self, count: int) -> NDArray:
        return spread(self._arrays["unlabeled"], count)

    def batch(self, epoch: int, k: int) -> dict[str, NDArray]:
        step = epoch * self.steps_per_epoch + k
        labeled = self._labeled_rows(step)
        index = self._unlabeled_rows(step)
        arrays = self._arrays
        return {
            self._field: arrays[self._field][labeled],
            "labels": arrays["labels"][labeled],
            "unlabeled": arrays["unlabeled"][index],
            "index": index,
        }

    def _labeled_rows(self, step):
        count = len(self.labeled)
        places = np.arange(step * self.batch_size, (step + 1) * self.batch_size)
        numbers = places // count  # of the permutation that each place is in
        first = numbers[0]
        orders = [self._permutation(0, n, count) for n in range(first, numbers[-1] + 1)]
        return np.stack(orders)[numbers - first, places % count]

    def _unlabeled_rows(self, step):
        number, place = divmod(step, self.size // self.rows)
        order = self._permutation(1, number, self.size)
        return order[place * self.rows : (place + 1) * self.rows]

    def _permutation(self, which, number, count):
        return np.random.default_rng((self.seed, which, int(number))).permutation(count)


def _single_field(dataset):
    if dataset.field == "nodes":
        raise refused("dataset", "graphs (nodes and edges)", "have one field that a network reads")
    return dataset.field


def _has_labels(unlabeled):
    known = isinstance(unlabeled, (Dataset, tuple, dict))
    return known and as_dataset(unlabeled, "unlabeled").labels is not None


def _inputs(dataset, unlabeled):
    if unlabeled is None:
        return dataset.inputs
    if not isinstance(unlabeled, (Dataset, tuple, dict)):
        return unlabeled
    rows = as_dataset(unlabeled, "unlabeled")
    if rows.field != dataset.field:
        raise refused("unlabeled", rows.field, f"be {dataset.field}, as the labeled rows are")
    return rows.inputs
