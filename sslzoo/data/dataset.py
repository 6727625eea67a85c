"""A data set in memory or on disk, with random access to its rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks import INPUTS, check_labels, refused


class Dataset:
    """Rows of named fields, read by position. One field is what a network reads.

    That is one of `images`, `series`, `tokens`, `vectors`, `audio`, or `nodes` with `edges`. Beside
    it stand `labels`, `targets`, `domains`, or fields of any other name.

    Args:
        images: An array (N, H, W) or (N, H, W, C) with integers in 0..255 or floats in 0..1, or an
            `ImageFiles` of that shape.
        labels: Class numbers from 0 on, (N,), which become int64, or None.
        classes: The name of each label, or None.
        name, split: The origin of the data, for records.
        fields: The other fields, as {name: array (N, ...)}: `series` (N, T, F), `tokens` (N, L),
            `vectors` (N, D), `audio` (N, T), `nodes` (N, nodes, F), `edges` (N, E, 2), ...

    Attributes:
        field: the name of the field that a network reads; "nodes" of graphs.
        fields: {name: array} of all fields that there are. Each is an attribute of its name too.

    Raises:
        ValueError: There is not exactly one field that a network reads, fields have different
            lengths, or labels are not class numbers.
        TypeError: Labels are not numbers.
        AttributeError: It does not have this field.

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
            self.fields["labels"] = check_labels(self.labels, len(self), self.classes)

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
        return batch_of(self.fields, np.arange(len(self))[indices])

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


def as_dataset(data: Dataset | dict | Sequence, name: str = "dataset") -> Dataset:
    """A `Dataset`, {field: array}, (images, labels) or images as a `Dataset`.

    Raises TypeError, by `name`, for anything else.

    >>> as_dataset({"vectors": np.eye(2)}).field
    'vectors'
    """
    if isinstance(data, Dataset):
        return data
    if isinstance(data, dict) and all(isinstance(field, str) for field in data):
        return Dataset(**data)
    if isinstance(data, (tuple, list)) and len(data) in (1, 2, 3):
        return Dataset(*data)
    if hasattr(data, "__array__"):
        return Dataset(data)
    needed = "be a Dataset, (images, labels) or a dict of fields"
    raise TypeError(str(refused(name, f"a {type(data).__name__}", needed)))


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


def batch_of(fields: Mapping[str, NDArray], index: NDArray[np.int64]) -> dict[str, NDArray]:
    """{"index": the numbers of the rows, field: its rows, ...}. A field may be an index of its own.

    Rows whose images cannot be read are left to others if `ImageFiles` were told to skip them.

    >>> batch_of({"vectors": np.eye(3)}, np.array([2]))
    {'index': array([2]), 'vectors': array([[0., 0., 1.]])}
    """
    images = {}
    if hasattr(fields.get("images"), "readable"):
        images["images"], index = fields["images"].readable(index)
    others = {field: values[index] for field, values in fields.items() if field not in images}
    return {"index": index} | images | others
