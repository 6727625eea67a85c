"""What learners with a memory of items share."""

from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import nn
from sslzoo.checks import refused, whole
from sslzoo.data import Dataset
from sslzoo.inputs import Input
from sslzoo.methods.incremental._incremental import Incremental
from sslzoo.nn.exemplars import pick
from sslzoo.training.feed import is_rows


class Rehearsal(Incremental):
    """An `Incremental` that keeps exemplars of every class and trains on them together with each
    later task.

    `end_task` chooses them from the data of the task that ends. They are kept as the network reads
    them: images as uint8 at its size. The items of a task are converted to the same form.

    Args:
        exemplars: K, the number of items in all. Each of the t classes seen so far has K // t.

    Raises:
        ValueError: There are fewer exemplars than classes, or the network reads items of any size.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("replay", "micro", 8, classes=10, exemplars=20)
        >>> digits = sslzoo.data.load("digits")
        >>> model.begin_task(range(10))
        >>> model.end_task(digits)
        >>> images, labels = model.exemplars.arrays()
        >>> images.shape, labels[:4].tolist()  # two of each digit
        ((20, 8, 8, 3), [0, 0, 1, 1])
    """

    rehearses = True

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        exemplars: int = 2000,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, augment, seed=seed, name=name)
        whole("exemplars", exemplars, least=classes)  # one of each class
        self.exemplars = nn.Exemplars(exemplars, _forms(self.reads))

    def choose(self, items: Any, count: int) -> np.ndarray:
        """The rows of `count` items of one class (of all, where there are fewer), the best
        first.
        """
        raise NotImplementedError(f"{type(self).__name__}.choose is missing.")

    def rehearsed(self, new: int, kept: int) -> np.ndarray:
        """Which of the `kept` exemplars join the `new` items of a task for an epoch: here each
        once.
        """
        return np.arange(kept)

    def training_data(self, x: Any) -> Any:
        items, labels = self.exemplars.arrays()
        if not len(labels) and not isinstance(x, (Dataset, dict, tuple)):
            return x
        new_items, new_labels = self.stored(x)
        self.check_task(new_labels)
        if not len(labels):  # the same form in every task: a compiled step does not take two
            given = x if isinstance(x, dict) else {}
            return {**given, **self.reads.named(new_items), "labels": new_labels}
        chosen = self.rehearsed(len(new_labels), len(labels))
        joined = keras.tree.map_structure(_joined, new_items, pick(items, chosen))
        return {**self.reads.named(joined), "labels": _joined(new_labels, labels[chosen])}

    def check_task(self, labels: np.ndarray) -> None:
        """ValueError unless these are of the classes of the open task, and of all of them: each
        leaves exemplars.
        """
        self.check_classes(labels, self.new(), "is not of this task")
        missing = sorted(set(self.last_classes) - set(labels.tolist()))
        if missing:
            needed = f"be of all classes of the task, {self.last_classes}"
            raise refused("labels", f"none of class {missing[0]}", needed)

    def remember(self, data: Any) -> None:
        items, labels = self.stored(data)
        self.check_task(labels)
        share = self.exemplars.capacity // int(ops.convert_to_numpy(self.seen()).sum())
        chosen = {}
        for label in np.unique(labels).tolist():
            of_class = pick(items, labels == label)
            chosen[label] = pick(of_class, self.choose(of_class, share))
        self.exemplars.keep(chosen)

    def stored(self, data: Any) -> tuple[Any, np.ndarray]:
        """(items as the memory holds them, labels) of a Dataset, a dict of fields, or (items,
        labels).
        """
        if not is_rows(data):
            needed = "be a Dataset, (items, labels) or a dict of both: exemplars are chosen of it"
            raise refused("data", f"a {type(data).__name__}", needed)
        if isinstance(data, Dataset):
            data = {field: data.fields.get(field) for field in self.fields}
        data = self.checked(self.named_batch(data))
        items = self.reads.of(data)
        named = self.reads.named(items)
        if not all(_has_form(named[field], *form) for field, form in self.exemplars.fields.items()):
            items = self._as_stored(items)
        return items, data["labels"]

    def _as_stored(self, items: Any) -> Any:
        """Items as the network reads them, images as uint8; some at a time."""
        chunks = []
        for start in range(0, self.reads.count(items), 1024):
            chunk = pick(items, slice(start, start + 1024))
            chunk = self.reads.layer(keras.tree.map_structure(np.asarray, chunk))
            chunks.append(keras.tree.map_structure(ops.convert_to_numpy, chunk))
        items = keras.tree.map_structure(lambda *parts: np.concatenate(parts), *chunks)
        if self.reads.field == "images":
            return np.rint(items * 255).astype("uint8")
        return items


def _forms(reads: Input) -> dict[str, tuple]:
    """{field: (shape of one item, dtype)} of a memory."""
    forms = {field: (shape[1:], dtype) for field, (shape, dtype) in reads.specs().items()}
    forms[reads.field] = reads.shape, forms[reads.field][1]
    if any(None in shape for shape, _ in forms.values()):
        needed = "read items of one size: exemplars are kept in one array"
        raise refused("backbone", f"a network that reads {reads.field} of any size", needed)
    return forms


def _has_form(values: Any, shape: tuple, dtype: str) -> bool:
    """Whether these are an array in memory of items of this form."""
    return type(values) is np.ndarray and values.dtype == dtype and values.shape[1:] == shape


def _joined(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.concatenate([first, second])
