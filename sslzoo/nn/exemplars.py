"""A memory of labeled items that survives the task that they came with."""

from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo.nn.state import State


@keras.saving.register_keras_serializable("sslzoo")
class Exemplars(State):
    """At most `capacity` items, equally many of each class, as variables: what a checkpoint saves
    with the model.

    Items are one array (n, ...), or {field: array} where an item has several fields (graphs).

    Args:
        capacity: K, items in all.
        fields: {field: (shape of one item, dtype)}.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> memory = nn.Exemplars(4, {"images": ((8, 8, 1), "uint8")})
        >>> memory.keep({0: np.zeros((9, 8, 8, 1)), 1: np.ones((9, 8, 8, 1))})
        >>> memory.arrays()[1].tolist()
        [0, 0, 1, 1]
    """

    def __init__(self, capacity: int, fields: dict[str, tuple], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.capacity = capacity
        self.fields = {field: (tuple(shape), dtype) for field, (shape, dtype) in fields.items()}
        self.items = {field: self._zeros(field, *form) for field, form in self.fields.items()}
        self.labels = self._zeros("labels", (), "int32")
        self.count = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, name="count"
        )
        self.built = True

    def _zeros(self, name, shape, dtype):
        """A variable (K, *shape)."""
        shape = (self.capacity, *shape)
        return self.add_weight(
            shape=shape, dtype=dtype, initializer="zeros", trainable=False, name=name
        )

    def arrays(self) -> tuple[Any, np.ndarray]:
        """(items, labels (n,) int32) of the memory: class after class, in each the best first."""
        count = int(ops.convert_to_numpy(self.count))
        items = {field: ops.convert_to_numpy(v)[:count] for field, v in self.items.items()}
        labels = ops.convert_to_numpy(self.labels)[:count]
        return (items if len(items) > 1 else items.popitem()[1]), labels

    def keep(self, added: dict[int, Any]) -> None:
        """Share the memory among the classes in it and those of `added`, {label: its items, the
        best first}.

        Each has m = capacity // classes, as in iCaRL (K / t, rounded down). A class that had more
        loses its last ones.
        """
        items, labels = self.arrays()
        by_class = {label: pick(items, labels == label) for label in np.unique(labels).tolist()}
        by_class |= added
        share = self.capacity // max(1, len(by_class))
        kept = [self._named(pick(items, slice(share))) for items in by_class.values()]
        counts = [len(next(iter(items.values()))) for items in kept]
        for field, variable in self.items.items():
            self._fill(variable, [items[field] for items in kept])
        self._fill(self.labels, [np.repeat(list(by_class), counts)])
        self.count.assign(sum(counts))

    def _named(self, items):
        """{field: array}."""
        return items if isinstance(items, dict) else {next(iter(self.fields)): items}

    @staticmethod
    def _fill(variable, parts):
        """The rows of `parts`, one after the other, and zeros behind them."""
        values, start = np.zeros(variable.shape, variable.dtype), 0
        for part in parts:
            values[start : start + len(part)] = part
            start += len(part)
        variable.assign(values)

    def get_config(self) -> dict:
        fields = {field: list(form) for field, form in self.fields.items()}
        return super().get_config() | {"capacity": self.capacity, "fields": fields}


def pick(items: Any, rows: Any) -> Any:
    """Some rows of items, one array or {field: array}.

    Args:
        rows: integers, a slice or a boolean mask.

    Example:
        >>> from sslzoo.nn.exemplars import pick
        >>> pick({"nodes": np.arange(3), "edges": np.arange(3) * 2}, slice(1))
        {'nodes': array([0]), 'edges': array([0])}
    """
    return keras.tree.map_structure(lambda values: values[rows], items)
