"""What `fit` is given -> checked batches, from any step on."""

import itertools
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from sslzoo import backends
from sslzoo.checks import numbers, refused, whole
from sslzoo.data import Batches, Dataset
from sslzoo.data.streams import Endless
from sslzoo.training.fields import with_field
from sslzoo.training.loader import EpochLoader, Loader
from sslzoo.training.streams import length, stream


class Feed:
    """The training data of one `fit`. Arrays and data sets become endless `Batches`. Of other
    streams the batches that are shorter than the first are left out.

    Whatever can be looked at as a whole is checked as a whole; of a stream, the first batch.

    Args:
        x: arrays, a `Dataset`, a dict of named arrays, a sampler of `sslzoo.data`, or a stream.
        batch_size: items a batch, for what does not come in batches.
        method: the model that is trained.
        steps_per_epoch: for streams of unknown length.

    Attributes:
        steps_per_epoch: int, or None where it is not known.

    Example:
        >>> import sslzoo
        >>> from sslzoo.training.feed import Feed
        >>> model = sslzoo.build("simclr", "micro", 8)
        >>> Feed(sslzoo.data.load("digits"), 100, model).steps_per_epoch
        12
    """

    def __init__(
        self, x: Any, batch_size: int | None, method: Any, steps_per_epoch: int | None = None
    ) -> None:
        self.method = method
        if steps_per_epoch is not None:
            whole("steps_per_epoch", steps_per_epoch, least=1)
        if is_rows(x):
            self.data = self._batches(x, batch_size)
        elif isinstance(x, Endless):
            if batch_size is not None:
                raise refused("batch_size", f"{batch_size} with a sampler", "be left out")
            self.data = x
        else:
            self.data = stream(x, batch_size)
        if isinstance(x, (Endless, Dataset)):
            method.checked(self.data.arrays)
        known = isinstance(self.data, Endless)
        own = self.data.steps_per_epoch if known else length(self.data)
        self.steps_per_epoch = steps_per_epoch or own
        self._first = None

    def _batches(self, x: Any, batch_size: int | None) -> Batches:
        """Arrays or a data set as shuffled batches."""
        method = self.method
        rows = x if isinstance(x, Dataset) else method.checked(method.named_batch(x))
        size = 256 if batch_size is None else batch_size
        batches = Batches(rows, size, seed=method.seed)
        batches.order = method.order
        if batch_size is not None and method.more_inputs and batches.size < batch_size:
            raise ValueError(
                f"{method.more_inputs[0]}: got {batches.size} {method.reads.field}; a batch takes "
                f"{batch_size} (batch_size)."
            )
        return batches

    @property
    def arrays(self) -> dict | None:
        """{field: all rows}; None of a stream."""
        return self.data.arrays if isinstance(self.data, Endless) else None

    def first_batch(self) -> dict:
        """The first batch, checked."""
        if self._first is None:
            batch = next(self.batches(), None)
            if batch is None:
                raise refused("x", "a stream of no batches", "have at least one")
            batch = self.method.checked(batch)
            count = len(batch[self.method.reads.field])
            if count < self.method.min_batch:
                needed = f"be at least {self.method.min_batch} for {type(self.method).__name__}"
                raise refused("batch_size", f"a batch of {count}", needed)
            self._check_shares(batch)
            self._first = batch
        return self._first

    def _check_shares(self, batch):
        """Refuse a batch that the replicas cannot share evenly."""
        shares = backends.shares(self.method)
        for field in (*self.method.fields, *batch):
            if len(batch[field]) % shares:
                got = f"a batch of {len(batch[field])} {field}"
                raise refused("batch_size", got, f"be a multiple of the {shares} replicas")

    def batches(self) -> Iterator[dict]:
        """The batches of one epoch, named, as NumPy arrays. A stream of unknown length that is
        given no number of steps is read to its end.
        """
        steps = self.steps_per_epoch
        if isinstance(self.data, (Endless, keras.utils.PyDataset)):
            numbers = itertools.count() if steps is None else range(steps)
            found = (self.data[i] for i in numbers)
        else:
            found = itertools.islice(iter(self.data), steps)
        for batch in found:
            named = self.method.named_batch(batch)
            yield {name: np.asarray(value) for name, value in named.items()}

    def sample(self, count: int) -> Any:
        """Up to `count` training items."""
        reads = self.method.reads
        if isinstance(self.data, Endless) and len(reads.fields) == 1:
            return self.data.sample(count)
        items = reads.of(self.first_batch())
        return keras.tree.map_structure(lambda array: array[:count], items)

    @property
    def identity(self) -> dict:
        """{name: value} of what decides the run. A checkpoint belongs to a run with the same."""
        if not isinstance(self.data, Endless):
            got = f"a Checkpoint with a {type(self.data).__name__}"
            needed = "have arrays, a Dataset or a sampler of sslzoo.data, to go on exactly"
            raise refused("callbacks", got, needed)
        return {
            "method": type(self.method).__name__,
            "backend": keras.backend.backend(),
            # what names itself comes first: another draw has other rows, and so another fingerprint
            **{k: v for k, v in self.data.settings.items() if k != "fingerprint"},
            "fit_steps_per_epoch": self.steps_per_epoch,
            "fingerprint": self.data.fingerprint,
        }

    def segments(self, start: int, epochs: int) -> Iterator[tuple]:
        """(data, first epoch, last epoch, steps per epoch): one run of Keras' `fit` each, from
        global step `start` on.

        A run that stopped inside an epoch first finishes that epoch.
        """
        steps = self.steps_per_epoch
        if not isinstance(self.data, Endless):
            yield self.data, start // steps if steps else 0, epochs, steps
            return
        epoch, inside = divmod(start, steps)
        if inside and epoch < epochs:
            yield self._from(start), epoch, epoch + 1, steps - inside
            epoch, start = epoch + 1, (epoch + 1) * steps
        if epoch < epochs and self.method.order is not None:
            yield EpochLoader(self.data, epoch), epoch, epochs, None
        elif epoch < epochs:
            yield self._from(start), epoch, epochs, steps

    def _from(self, step: int) -> "Loader":
        """The same order of batches, from another step on."""
        return Loader(self.data.starting_at(self.data.start + step))


def is_rows(x: Any) -> bool:
    """Whether `x` is arrays or a data set, as against a stream of batches.

    Example:
        >>> import numpy as np
        >>> from sslzoo.training.feed import is_rows
        >>> is_rows({"images": np.zeros((2, 8, 8))})
        True
    """
    plain = isinstance(x, (tuple, list, dict, Dataset))  # their values may be lists of numbers
    return plain or hasattr(x, "__array__")


def named_arrays(x: Any) -> dict:
    """{field: all its rows} of a dict of arrays or a sampler of `sslzoo.data`. Of anything else
    nothing is known by name.

    Example:
        >>> from sslzoo.training.feed import named_arrays
        >>> named_arrays([1, 2])
        {}
    """
    return x if isinstance(x, dict) else getattr(x, "arrays", {})


def with_labels(x: Any, y: Any, field: str = "labels") -> Any:
    """What `fit` was given as `x` and `y`, as one: x, (x, y), or the dict x with the field `y`.

    Raises:
        ValueError: y beside anything else, or beside a dict that has that field.

    Example:
        >>> from sslzoo.training.feed import with_labels
        >>> with_labels({"images": 1}, 2)
        {'images': 1, 'labels': 2}
    """
    if y is None:
        return x
    if isinstance(x, dict):
        return with_field(x, field, y)
    if not hasattr(x, "__array__"):
        got = f"{field} beside a {type(x).__name__}"
        raise refused("y", got, "be left out, or stand beside an array or a dict of named arrays")
    return x, y


def as_arrays(x: Any, name: str = "x") -> Any:
    """A list of items as one array, and a list of items and labels as a pair. Anything else as it
    is. Errors speak of `name`.

    Raises:
        TypeError: items of unequal shapes, or no numbers.

    Example:
        >>> from sslzoo.training.feed import as_arrays
        >>> as_arrays([[1, 2], [3, 4]]).shape
        (2, 2)
    """
    if not isinstance(x, list):
        return x
    if len(x) == 2 and _shape(x[0]) != _shape(x[1]):
        return tuple(x)
    return numbers(x, name)


def _shape(values):
    """The shape of nested lists, where that is the same for all."""
    if hasattr(values, "shape"):
        return tuple(values.shape)
    if isinstance(values, (list, tuple)) and len(values):
        return (len(values), *_shape(values[0]))
    return ()
