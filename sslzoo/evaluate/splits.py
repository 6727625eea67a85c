"""What protocols take in: labeled items of any kind, checked before any work starts."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import check_labels, refused
from sslzoo.data import Dataset
from sslzoo.data import dataset as rows_of_fields
from sslzoo.evaluate.overlap import warn_of_overlap

# A `sslzoo.data.Dataset`, or (items, labels).
Labeled = Dataset | tuple


@dataclass(frozen=True)
class Split:
    """Labeled items and where they came from.

    Attributes:
        inputs: items (N, ...) as the model takes them; of graphs {"nodes", "edges"}.
        labels: integers (N,).
        field: what an item is: "images", "series", ...
        name, split, classes: of the `Dataset`; None of a tuple.

    >>> len(Split(np.eye(3), np.array([0, 1, 1]), "vectors"))
    3
    """

    inputs: Any
    labels: NDArray[np.int64]
    field: str
    name: str | None = None
    split: str | None = None
    classes: list | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.int64]) -> "Split":
        """Some of the items, in that order.

        >>> Split(np.eye(3), np.array([0, 1, 1]), "vectors").take(np.array([2])).labels
        array([1])
        """
        return replace(self, inputs=take(self.inputs, rows), labels=self.labels[rows])


def labeled_splits(model: Any, train: Labeled, test: Labeled, protocol: str) -> tuple[Split, Split]:
    """`train` and `test` as `labeled_split` gives them. Every class of test must be in train; items
    of test that are in train too are warned of.

    >>> train, test = labeled_splits(None, (np.eye(2), [0, 1]), (np.eye(2), [1, 0]), "knn")
    >>> test.labels
    array([1, 0])
    >>> labeled_splits(None, (np.eye(2), [0, 1]), (np.eye(2), [1, 2]), "knn")
    Traceback (most recent call last):
    ValueError: test labels: got [2]; it must be among those of train, [0, 1].
    """
    train = labeled_split(model, train, "train", protocol)
    test = labeled_split(model, test, "test", protocol)
    known = np.unique(train.labels)
    strange = np.setdiff1d(test.labels, known)
    if len(strange):
        raise refused("test labels", _some(strange), f"be among those of train, {_some(known)}")
    if train.field == "images":
        color = any(_channels(part) == 3 for part in (train, test))
        train, test = (_colored(part) if color else part for part in (train, test))
    warn_of_overlap(train.inputs, test.inputs, test.field)
    return train, test


def _channels(part):
    return part.inputs.shape[3] if len(part.inputs.shape) == 4 else 1


def _colored(part):
    """Gray images beside colored ones have three equal channels, so that pixels have as many
    values in both sets.
    """
    if _channels(part) == 3:
        return part
    images = np.asarray(part.inputs).reshape(*part.inputs.shape[:3], 1)
    return replace(part, inputs=np.repeat(images, 3, axis=3))


def check_classes(train: Split, protocol: str) -> None:
    """Refuse a training set of one class. Raises ValueError.

    >>> check_classes(Split(np.eye(2), np.array([3, 3]), "vectors"), "finetune")
    Traceback (most recent call last):
    ValueError: train labels: got class 3 alone; it must have at least two classes for finetune.
    """
    first = train.labels[0]
    if (train.labels == first).all():
        needed = f"have at least two classes for {protocol}"
        raise refused("train labels", f"class {first} alone", needed)


def labeled_split(model: Any, data: Labeled, role: str, protocol: str) -> Split:
    """A `Dataset` or (items, labels) as a checked `Split`.

    Args:
        model: what will read the items, or None.
        data: what it came from.
        role: "train" or "test", as errors name it.
        protocol: the protocol's name.

    Raises:
        ValueError: no labels, nothing to evaluate, items that the model does not read.

    >>> labeled_split(None, Dataset(vectors=np.eye(2), labels=[0, 1]), "test", "knn").field
    'vectors'
    >>> labeled_split(None, (np.eye(2), None), "test", "knn")
    Traceback (most recent call last):
    ValueError: test: got no labels; it must have labels (N,), which knn needs.
    """
    pair = isinstance(data, tuple)
    labels = data[1] if pair else data.labels
    if labels is None:
        raise refused(role, "no labels", f"have labels (N,), which {protocol} needs")
    field, items = items_of(model, data, role)
    origin = {key: getattr(data, key, None) for key in ("name", "split", "classes")}
    labels = check_labels(labels, count(items), origin["classes"], f"{role} labels")
    return Split(items, labels, field, **origin)


def items_of(model: Any, data: Any, role: str) -> tuple[str, Any]:
    """(field, items): what the model reads of a data set, and what kind that is.

    Of a tuple (items, labels) or of an array the kind is what the model reads. Where nothing says
    what it reads, rows (N, D) are vectors and arrays of more axes are images.

    Raises:
        ValueError: no items, or another kind than the model reads.

    >>> from sslzoo.inputs import Series
    >>> from types import SimpleNamespace
    >>> model = SimpleNamespace(reads=Series(None, 2))
    >>> items_of(model, np.zeros((4, 5, 2)), "test")[0]
    'series'
    >>> items_of(model, Dataset(vectors=np.zeros((4, 2))), "test")
    Traceback (most recent call last):
    ValueError: test: got vectors; it must hold series, which this model reads.
    """
    reads = reads_of(model)
    field, items = _taken(reads, data, role)
    if count(items) == 0:
        raise refused(role, f"no {field}", "hold at least one")
    if reads is not None:
        return field, reads.check(items, f"{role} {field}")
    return field, items


def reads_of(model: Any) -> Any:
    """What a model reads, a `sslzoo.inputs.Input`: its `reads`, else what its `backbone` says. None
    where it has neither.

    >>> reads_of(None) is None
    True
    """
    own = getattr(model, "reads", None)
    if own is not None or getattr(model, "backbone", None) is None:
        return own
    from sslzoo.inputs import reads

    return reads(model.backbone)


def count(items: Any) -> int:
    """The number of items, which are an array, or a dict of arrays.

    >>> count({"nodes": np.zeros((2, 5, 3)), "edges": np.zeros((2, 4, 2))})
    2
    """
    return len(next(iter(items.values())) if isinstance(items, dict) else items)


def take(items: Any, rows: NDArray[np.int64]) -> Any:
    """Rows of items, an array or a dict of arrays. Image files stay on disk.

    >>> take({"nodes": np.arange(3)}, np.array([2, 0]))
    {'nodes': array([2, 0])}
    """
    if isinstance(items, dict):
        return {key: rows_of_fields.take(values, rows) for key, values in items.items()}
    return rows_of_fields.take(items, rows)


def rows_of(items: Any, rows: slice) -> Any:
    """Rows of items, an array or a dict of arrays; of image files the decoded rows.

    >>> rows_of({"nodes": np.arange(3)}, slice(2))
    {'nodes': array([0, 1])}
    """
    if isinstance(items, dict):
        return {key: values[rows] for key, values in items.items()}
    return items[rows]


def needs(model: Any, protocol: str, *verbs: str) -> None:
    """Refuse a model that lacks what a protocol asks it for.

    Raises:
        ValueError: one of `verbs` is missing.

    >>> needs(object(), "super_resolution", "upscale")
    Traceback (most recent call last):
    ValueError: model: got an object without upscale; it must have upscale for super_resolution.
    """
    for verb in verbs:
        if not _has(model, verb):
            kind = type(model).__name__
            article = "an" if kind[0] in "AEIOUaeiou" else "a"
            got = f"{article} {kind} without {verb}"
            raise refused("model", got, f"have {verb} for {protocol}")


def _has(model, verb):
    """Every method has the function `encode`; its `verbs` say whether it means something."""
    declared = getattr(model, "verbs", {})
    if verb == "encode" and declared:
        return verb in declared
    return hasattr(model, verb)


def _taken(reads, data, role):
    """(field, items), not checked."""
    if isinstance(data, Dataset):
        if reads is None:
            return data.field, data.inputs
        if not set(reads.fields) <= set(data.fields):
            raise refused(role, data.field, f"hold {reads.field}, which this model reads")
        return reads.field, reads.of(data.fields)
    items = data[0] if isinstance(data, tuple) else data
    if not isinstance(items, dict) and not hasattr(items, "shape"):
        items = np.asarray(items)
    return (_guessed(items) if reads is None else reads.field), items


def _guessed(items):
    if isinstance(items, dict):
        return "nodes"
    return "images" if len(items.shape) > 2 else "vectors"


def _some(labels):
    shown = ", ".join(map(str, labels[:5]))
    return f"[{shown}, ... {len(labels)} in all]" if len(labels) > 5 else f"[{shown}]"
