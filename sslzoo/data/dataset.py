"""A data set in memory or on disk, with random access."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks import INPUTS, refused


class Dataset:
    """Rows of named fields, read by position. One field is what a network reads.

    That is one of `images`, `series`, `tokens`, `vectors`, `audio`, or `nodes` with `edges`. Beside
    it stand `labels`, `targets`, `domains`, or fields of any other name.

    Args:
        images: array (N, H, W) or (N, H, W, C), integers in 0..255 or floats in 0..1, or an
            `ImageFiles` of that shape.
        labels: integers (N,), kept as int64, or None.
        classes: the name of each label, or None.
        name, split: where it came from, for records.
        fields: {name: array (N, ...)} of the other fields: `series` (N, T, F), `tokens` (N, L),
            `vectors` (N, D), `audio` (N, T), `nodes` (N, nodes, F), `edges` (N, E, 2), ...

    Attributes:
        field: the name of the field that a network reads; "nodes" of graphs.
        fields: {name: array} of all fields that there are. Each is an attribute of its name too.

    Raises:
        ValueError: no field that a network reads or two of them, fields of unequal length, labels
            that are no integers.
        AttributeError: of a field that it does not have.

    `data[indices]` is a batch: {field: its rows, ..., "index"}. "index" counts rows of this
    Dataset.

    >>> data = Dataset(vectors=np.eye(3), labels=[0, 1, 0], classes=["cat", "dog"])
    >>> data
    Dataset('arrays', 'train', vectors (3, 3) float64, 2 classes)
    >>> data.field, data[[2]]["labels"], data[[2]]["index"]
    ('vectors', array([0]), array([2]))
    """

    def __init__(
        self,
        images: ArrayLike | None = None,
        labels: ArrayLike | None = None,
        classes: Iterable[str] | None = None,
        name: str = "arrays",
        split: str = "train",
        **fields: ArrayLike,
    ) -> None:
        given = {"images": images, **fields, "labels": labels}
        self.fields = {
            field: as_array(values) for field, values in given.items() if values is not None
        }
        self.field = input_field(self.fields, name)
        self.classes = None if classes is None else list(classes)
        self.name = name
        self.split = split
        self._check()

    def _check(self):
        if "index" in self.fields:
            raise refused(
                "index", f"values for {self.name!r}", "be left out: rows count themselves"
            )
        for field, values in self.fields.items():
            if len(values) != len(self):
                got = f"{len(values)} for {len(self)} {self.field} of {self.name!r}"
                raise refused(field, got, "be one per row")
        if self.labels is not None:
            self.fields["labels"] = _as_class_numbers(self.labels, self.name)

    @property
    def inputs(self) -> NDArray:
        """The rows of the field that a network reads."""
        return self.fields[self.field]

    @property
    def labels(self) -> NDArray[np.int64] | None:
        """The class number of each row, (N,), or None."""
        return self.fields.get("labels")

    def __getattr__(self, name: str) -> Any:
        fields = self.__dict__.get("fields", {})
        if name in fields:
            return fields[name]
        raise AttributeError(
            f"{name}: the data set {self.__dict__.get('name')!r} has none; it has "
            f"{', '.join(fields)}."
        )

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, indices: Any) -> dict[str, NDArray]:
        index = np.arange(len(self))[indices]
        return {field: values[index] for field, values in self.fields.items()} | {"index": index}

    def take(self, indices: Any) -> "Dataset":
        """The rows `indices` (integers, a slice or a boolean mask), in that order.

        >>> Dataset(vectors=np.eye(3), labels=[0, 1, 0]).take([2, 1]).labels
        array([0, 1])
        """
        index = np.arange(len(self))[indices]
        return self.replace(**{field: take(values, index) for field, values in self.fields.items()})

    def replace(self, **fields: ArrayLike | None) -> "Dataset":
        """A Dataset with other rows in these fields, of the same name, split and classes.

        None leaves a field out.

        >>> Dataset(vectors=np.eye(2), labels=[0, 1]).replace(labels=[7, 7]).labels
        array([7, 7])
        """
        own = {"classes": self.classes, "name": self.name, "split": self.split}
        return Dataset(**self.fields | fields, **own)

    def __repr__(self) -> str:
        parts = [
            f"{field} {tuple(values.shape)} {values.dtype}"
            for field, values in self.fields.items()
            if field != "labels"
        ]
        if self.labels is not None:
            parts.append(f"{len(self.classes)} classes" if self.classes else "labels")
        return f"Dataset({', '.join([repr(self.name), repr(self.split), *parts])})"


def as_dataset(data: Dataset | dict | Sequence) -> Dataset:
    """A `Dataset`, {field: array} or (images, labels) as a `Dataset`.

    >>> as_dataset({"vectors": np.eye(2)}).field
    'vectors'
    """
    if isinstance(data, Dataset):
        return data
    return Dataset(**data) if isinstance(data, dict) else Dataset(*data)


def input_field(fields: Iterable[str], name: str = "arrays") -> str:
    """Which of the fields a network reads. Raises ValueError where that is none, or more than one.

    >>> input_field(["labels", "series"])
    'series'
    """
    fields = list(fields)
    read = [field for field in INPUTS if field in fields]
    if len(read) != 1:
        got = f"the fields {', '.join(fields) or 'none'} for {name!r}"
        raise refused("data", got, f"have one of {', '.join(INPUTS)}")
    return read[0]


def as_array(values: ArrayLike) -> NDArray:
    """What has rows and a shape, such as `ImageFiles`, as it is; anything else as an array.

    >>> as_array([1, 2])
    array([1, 2])
    """
    return values if hasattr(values, "shape") else np.asarray(values)


def take(values: NDArray, index: NDArray[np.int64]) -> NDArray:
    """Rows of an array, or of `ImageFiles`, which stay on disk.

    >>> take(np.array([5, 6, 7]), np.array([2, 0]))
    array([7, 5])
    """
    return values[index] if isinstance(values, np.ndarray) else values.take(index)


def _as_class_numbers(labels, name):
    labels = np.asarray(labels)
    if labels.size and not np.issubdtype(labels.dtype, np.integer):
        raise refused("labels", f"{labels.dtype} values for {name!r}", "be integers (N,)")
    return labels.astype("int64", copy=False)
