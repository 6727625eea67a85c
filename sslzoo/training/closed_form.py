"""Methods that are solved at once: no gradient, no optimizer, no epochs."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import refused
from sslzoo.data import Dataset
from sslzoo.inputs import Input
from sslzoo.training.feed import with_labels
from sslzoo.training.method import Learned, Method


class ClosedForm(Method):
    """A method without gradients: `fit(data)` solves it. It needs no `compile`.

    A subclass gives `solve`. What it learns are weights that it makes in its constructor, not
    trainable ones. So `encode`, `save`, weights files and `export` work as for every method.

    Example:
        >>> import keras, numpy as np
        >>> from sslzoo import inputs
        >>> from sslzoo.training.closed_form import ClosedForm
        >>> class Center(ClosedForm):
        ...     def __init__(self, seed=0, name=None):
        ...         super().__init__(reads=inputs.Vectors(2), seed=seed, name=name)
        ...         self.mean = self.add_weight(shape=(2,), initializer="zeros", trainable=False)
        ...     def solve(self, data):
        ...         self.mean.assign(data["vectors"].mean(axis=0))
        ...         return {}
        ...     def call(self, x, training=False):
        ...         return self.reads.layer(x) - self.mean
        >>> model = Center()
        >>> _ = model.fit(np.array([[0.0, 2.0], [2.0, 2.0]]))
        >>> model.encode(np.array([[1.0, 1.0]]))
        array([[ 0., -1.]], dtype=float32)
    """

    labeled = ()  # roles whose labels `solve` reads, as data["<role>_labels"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dtype_policy = "float32"  # half precision saves nothing here, and rounds what it finds

    def solve(self, data: dict) -> dict[str, float]:
        """Set the weights.

        Args:
            data: {field: all rows}, checked; with `roles`, {role: all its items}.

        Returns:
            {name: figure} for the history, and for the record of `sslzoo train`.
        """
        raise NotImplementedError(f"{type(self).__name__}.solve is missing.")

    def fit(self, x: Any = None, y: Any = None, **settings: Any) -> keras.callbacks.History:
        """Solve for all of the data, at once.

        Args:
            x: items, a `Dataset` or a dict of named arrays; with `roles`, a dict of these by role.
            y: labels or targets, where the method reads them.
            settings: there are none. `verbose` alone is allowed, and shows nothing.

        Returns:
            A history of one epoch, with what `solve` returns.

        Raises:
            ValueError: epochs, an optimizer's settings or callbacks; roles that are missing or too
                many; items that the method cannot read.
        """
        strange = sorted(set(settings) - {"verbose"})
        if strange:
            raise ValueError(
                f"fit: got {', '.join(strange)}; {type(self).__name__} is solved at once, "
                "it needs data alone."
            )
        history = keras.callbacks.History()
        figures = self.solve(self._by_role(x, y) if self.roles else self._by_field(x, y))
        history.epoch = [0]
        history.history = {name: [float(value)] for name, value in figures.items()}
        self.history = history
        return history

    def learn(
        self,
        data: Any,
        folder: str | Path | None = None,
        checkpoint_every: int = 200,
        callbacks: Iterable = (),
        **settings: Any,
    ) -> Learned:
        """`fit`, as `sslzoo train` asks for it. Nothing is left to resume, so `folder`,
        `checkpoint_every` and `callbacks` are not used.

        Returns:
            One step; what `solve` returned, if anything, as a record of the protocol "solve".
        """
        history = self.fit(data, **settings).history
        figures = {name: value for name, (value,) in history.items()}
        record = {"protocol": "solve", **figures, "settings": {}, "baselines": {}}
        return Learned(1, [record] if figures else [])

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Refused: there is no optimizer. Raises ValueError."""
        needed = f"be left out: {type(self).__name__} is solved at once, without an optimizer"
        raise refused("compile", "a call", needed)

    def _by_role(self, data, y):
        """{role: items} of {role: array, Dataset or dict}."""
        roles, name = ", ".join(self.roles), type(self).__name__
        if y is not None:
            raise refused("y", "values", f"be left out: {name} reads {roles} alone")
        if not isinstance(data, dict) or set(data) != set(self.roles):
            got = f"roles {', '.join(data)}" if isinstance(data, dict) else type(data).__name__
            raise ValueError(f"data: got {got}; {name} needs a dict of {roles}.")
        rows = {role: items_of(self.reads, data[role], role) for role in self.roles}
        for role in self.labeled:
            rows[f"{role}_labels"] = labels_of(data[role], role, len(rows[role]), name)
        return rows

    def _by_field(self, x, y):
        """{field: rows} of arrays or a data set."""
        x = with_labels(np.asarray(x) if isinstance(x, list) else x, y, self.y_field)
        return self.checked(x.fields if isinstance(x, Dataset) else self.named_batch(x))


def items_of(reads: Input, data: Any, role: str) -> Any:
    """The checked items of one role's data: an array, a `Dataset`, or a dict of fields.

    Args:
        reads: what one item is. role: as errors name it.

    Raises:
        ValueError: data that does not hold such items, or that cannot be read.

    Example:
        >>> from sslzoo import data, inputs
        >>> rows = data.Dataset(vectors=[[1.0, 2.0]], labels=[0])
        >>> items_of(inputs.Vectors(2), rows, "source")
        array([[1., 2.]])
    """
    fields = data.fields if isinstance(data, Dataset) else data
    if isinstance(fields, dict):
        if not set(reads.fields) <= set(fields):
            needed = f"hold {', '.join(reads.fields)}"
            raise refused(role, f"the fields {', '.join(fields)}", needed)
        return reads.check(reads.of(fields), role)
    return reads.check(fields, role)


def labels_of(data: Any, role: str, count: int, name: str) -> NDArray[np.int64]:
    """The labels of one role's data, as class numbers from 0 in their sorted order.

    Args:
        data: a `Dataset` or a dict of fields. role, name: role and method, as errors name them.
        count: how many items the role has.

    Raises:
        ValueError: no labels, or not one for each item.

    Example:
        >>> labels_of({"vectors": [[0.0]] * 3, "labels": [5, 2, 5]}, "source", 3, "JDA")
        array([1, 0, 1])
    """
    fields = data.fields if isinstance(data, Dataset) else data
    labels = fields.get("labels") if isinstance(fields, dict) else None
    if labels is None:
        needed = "be a Dataset or a dict of items and labels"
        raise refused(role, "no labels", f"{needed}: {name} reads them")
    if np.shape(labels) != (count,):
        raise refused(
            f"{role} labels", f"shape {np.shape(labels)}", f"be one of {count} items each"
        )
    return np.unique(labels, return_inverse=True)[1]
