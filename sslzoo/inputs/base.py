"""The contract of an input, and what most kinds share."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from keras import layers


class Input(ABC):
    """What one item is: how it is named, checked, and brought into the network.

    A batch of items `x` is one array (N, ...), or {field: array} where an item has several parts
    (`Graph`).

    Args:
        shape: of one item in the network, without the batch axis; None where any size goes.

    Attributes:
        field: the name of its field in a batch.
        dtypes: what an exported model takes, its own signature's first.
        encoded: the input of an exported signature that takes encoded files instead of items;
            "" where no files stand for them.
        layer: the Keras layer from `x` to what the network takes.

    Example:
        >>> from sslzoo import inputs
        >>> vectors = inputs.Vectors(3)
        >>> vectors.field, vectors.shape
        ('vectors', (3,))
    """

    field = ""
    dtypes = ("float32",)
    encoded = ""

    def __init__(self, shape: tuple) -> None:
        self.shape = tuple(shape)
        self.layer = layers.Identity(dtype="float32", name=f"read_{self.field}")

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of its fields in a batch."""
        return (self.field,)

    def of(self, batch: dict) -> Any:
        """The items of a batch {field: array}."""
        return batch[self.field]

    def named(self, x: Any) -> dict:
        """Items as a batch: the opposite of `of`."""
        return x if isinstance(x, dict) else {self.field: x}

    @abstractmethod
    def check(self, values: Any, name: str | None = None) -> Any:
        """`values` as the network reads them. `name`: the field that errors speak of.

        Raises:
            ValueError, TypeError: values that this network cannot read, in one sentence.
        """

    @abstractmethod
    def examples(self, count: int, seed: int = 0, more: int = 0) -> Any:
        """`count` random items as users have them: for checks of an export, for warm-up.

        `more`: by how many pixels, steps, tokens, samples or nodes they exceed the usual size. It
        counts only where `any_size` is true.
        """

    @property
    def any_size(self) -> bool:
        """Whether items of other sizes than the network's are read too."""
        return None in self.shape

    def count(self, x: Any) -> int:
        """The number of items in `x`."""
        return len(x[self.field] if isinstance(x, dict) else x)

    def specs(self) -> dict[str, tuple[tuple, str]]:
        """{field: (shape with the batch axis, dtype)} of the exported signature."""
        return {self.field: ((None, *self.shape), self.dtypes[0])}

    def shapes(self, x: Any) -> list[tuple]:
        """The shapes of `x`, in the order of `keras.tree.flatten`, with None on each axis on which
        other items may differ.
        """
        return [shape for _, (shape, _) in sorted(self.specs().items())]

    def sized(self, x: Any) -> Any:
        """Items in NumPy -> of the network's own size, where it has one."""
        return x

    def served(self, x: Any, whole: bool = False, portable: bool = False) -> Any:
        """Tensors of an exported signature -> `x` for the network. whole: at their own size.
        portable: in operations that other runtimes have too.
        """
        return x

    def describe(self) -> dict:
        """Plain JSON for records and exports."""
        return {"field": self.field, "shape": list(self.shape)}

    @abstractmethod
    def get_config(self) -> dict:
        """The arguments of the constructor: for the `.keras` file of a method that was given it."""

    @classmethod
    def from_config(cls, config: dict) -> "Input":
        """The opposite of `get_config`."""
        return cls(**config)

    def _refuse(self, name: str, values: np.ndarray, needed: str) -> None:
        raise ValueError(f"{name}: got shape {values.shape}; this network needs {needed}.")
