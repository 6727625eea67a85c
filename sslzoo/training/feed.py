"""What `fit` is given -> checked batches, from any step on."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from sslzoo import backends
from sslzoo.data import Batches, Dataset
from sslzoo.data.streams import Endless


class Feed:
    """The training data of one `fit`. Arrays and data sets become endless `Batches`; streams pass
    as they are.

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
        if is_rows(x):
            self.data = self._batches(x, batch_size)
        else:
            self.data = _stream(x, batch_size)
        if isinstance(x, (Endless, Dataset)):
            method.checked(self.data.arrays)
        self.steps_per_epoch = steps_per_epoch or _steps(self.data)
        self._first = None

    def _batches(self, x: Any, batch_size: int | None) -> Batches:
        """Arrays or a data set as shuffled batches."""
        method = self.method
        rows = x if isinstance(x, Dataset) else method.checked(method.named_batch(x))
        batches = Batches(rows, 256 if batch_size is None else batch_size, seed=method.seed)
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
            indexed = isinstance(self.data, (Endless, keras.utils.PyDataset))
            batch = self.method.named_batch(self.data[0] if indexed else next(iter(self.data)))
            batch = {name: np.asarray(value) for name, value in batch.items()}
            batch = self.method.checked(batch)
            count = len(batch[self.method.reads.field])
            if count < self.method.min_batch:
                raise ValueError(
                    f"batch_size: got a batch of {count}; {type(self.method).__name__} needs at "
                    f"least {self.method.min_batch}."
                )
            self._first = batch
        return self._first

    def sample(self, count: int) -> Any:
        """Up to `count` training items."""
        reads = self.method.reads
        if isinstance(self.data, Endless) and len(reads.fields) == 1:
            return self.data.sample(count)
        items = reads.of(self.first_batch())
        return keras.tree.map_structure(lambda array: array[:count], items)

    @property
    def identity(self) -> dict:
        """What a checkpoint must have been made with to go on from it."""
        if not isinstance(self.data, Endless):
            raise ValueError(
                f"callbacks: Checkpoint with a {type(self.data).__name__}; going on exactly needs "
                "arrays, a Dataset or a sampler of sslzoo.data."
            )
        return {
            "method": type(self.method).__name__,
            "backend": keras.backend.backend(),
            # what names itself comes first: another draw has other rows, and so another fingerprint
            **{k: v for k, v in self.data.settings.items() if k != "fingerprint"},
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
        if epoch < epochs:
            yield self._from(start), epoch, epochs, steps

    def _from(self, step: int) -> "Loader":
        """The same order of batches, from another step on."""
        return Loader(self.data.starting_at(self.data.start + step))


class Loader(keras.utils.PyDataset):
    """A sampler of `sslzoo.data` as Keras reads it. Where several processes train one model, this
    process' rows of each batch: together they are the global batch.

    Args:
        batches: a sampler.

    Example:
        >>> import sslzoo
        >>> from sslzoo.training.feed import Loader
        >>> batches = sslzoo.data.Batches(sslzoo.data.load("digits"), 10)
        >>> Loader(batches)[0]["images"].shape
        (10, 8, 8, 1)
    """

    def __init__(self, batches: Endless) -> None:
        super().__init__()
        self.index, self.count = backends.process()
        if batches.batch_size % self.count:
            raise ValueError(
                f"batch_size: got {batches.batch_size}; it must be a multiple of the {self.count} "
                "processes."
            )
        self.batches = batches

    @property
    def num_batches(self) -> None:
        """None: Keras' word for endless."""
        return None

    def __getitem__(self, i: int) -> dict:
        batch = self.batches[i]
        if self.count == 1:
            return batch
        # Each field has its own number of rows: those of `sslzoo.data.Paired` differ.
        return {field: np.split(values, self.count)[self.index] for field, values in batch.items()}


def is_rows(x: Any) -> bool:
    """Whether `x` is arrays or a data set, as against a stream of batches.

    Example:
        >>> import numpy as np
        >>> from sslzoo.training.feed import is_rows
        >>> is_rows({"images": np.zeros((2, 8, 8))})
        True
    """
    if isinstance(x, (tuple, list)):
        return all(map(is_rows, x))
    if isinstance(x, dict):
        return all(map(is_rows, x.values()))
    return isinstance(x, Dataset) or hasattr(x, "__array__")


def named_arrays(x: Any) -> dict:
    """{field: all its rows} of a dict of arrays or a sampler of `sslzoo.data`. Of anything else
    nothing is known by name.

    Example:
        >>> from sslzoo.training.feed import named_arrays
        >>> named_arrays([1, 2])
        {}
    """
    return x if isinstance(x, dict) else getattr(x, "arrays", {})


def with_labels(x: Any, y: Any) -> Any:
    """What `fit` was given as `x` and `y`, as one: x, (x, y), or the dict x with its labels.

    Example:
        >>> from sslzoo.training.feed import with_labels
        >>> with_labels({"images": 1}, 2)
        {'images': 1, 'labels': 2}
    """
    if y is None:
        return x
    if isinstance(x, dict):
        return {**x, "labels": y}
    if not hasattr(x, "__array__"):
        raise ValueError(
            f"y: got labels beside a {type(x).__name__}; they go with images, or with a dict of "
            "named arrays."
        )
    return x, y


def _stream(x: Any, batch_size: int | None) -> Any:
    """A stream of batches, refused where it cannot be read or read again."""
    if x is None:
        raise ValueError(
            "x: got None; it must be images, a Dataset, a dict of named arrays or a stream."
        )
    if batch_size is not None:
        raise ValueError(
            f"batch_size: got {batch_size} with data that comes in batches; leave it out."
        )
    again = hasattr(x, "__iter__") and iter(x) is not x
    if not isinstance(x, (Endless, keras.utils.PyDataset)) and not again:
        raise TypeError(
            f"x: got a {type(x).__name__}; it must be images, a Dataset, a dict of named arrays, "
            "or a stream that can be read again: a PyDataset or a tf.data.Dataset."
        )
    return x


def _steps(data: Any) -> int | None:
    """Steps of an epoch, None of a stream that is endless or of unknown length."""
    if isinstance(data, Endless):
        return data.steps_per_epoch
    try:
        return len(data)
    except TypeError:
        return None
