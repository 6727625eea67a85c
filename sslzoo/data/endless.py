"""Batches whose order is a pure function of the step. A run can therefore resume exactly."""

import copy
import functools
import hashlib
from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import whole
from sslzoo.data.dataset import Dataset, input_field
from sslzoo.data.pictures import Pictures
from sslzoo.data.sources import load

# What a fingerprint reads of each field, at most and at least.
FINGERPRINT_BYTES = 2**20
FINGERPRINT_ROWS = 16


class Endless(ABC):
    """Batches for `model.fit`: endless and pure.

    Item i is the batch of global step start + i, `batch(epoch, k)` with epoch, k = divmod(start +
    i, steps_per_epoch). So a run that resumes with `starting_at(step)` sees exactly what an
    uninterrupted one would. Reading an item twice changes nothing.

    A subclass gives `batch`, which draws from np.random.default_rng((self.seed, epoch, ...)) and
    nothing else, and `arrays`. It sets `size`. If it has settings of its own, it adds them to
    `settings`.

    Args:
        batch_size: Rows in a batch of the field that a network reads, at least 1.
        steps_per_epoch: At least 1.
        seed: Random seed of the order, at least 0.
        start: The global step of item 0.

    Attributes:
        size: rows of the data.

    Raises:
        ValueError: A number is out of range.

    >>> class Ones(Endless):
    ...     size = 4
    ...     arrays = {"vectors": np.ones((4, 2))}
    ...     def batch(self, epoch, k):
    ...         return {"vectors": np.ones((self.batch_size, 2)) * epoch}
    >>> Ones(batch_size=3, steps_per_epoch=2)[5]["vectors"][0]
    array([2., 2.])
    """

    size: int
    # names of data sets that a config may give apart: the first is the constructor's `dataset`,
    # each other one its parameter of that name
    roles: tuple[str, ...] = ()

    def __init__(
        self, batch_size: int, steps_per_epoch: int, seed: int = 0, start: int = 0
    ) -> None:
        self.batch_size = whole("batch_size", batch_size, least=1)
        self.steps_per_epoch = whole("steps_per_epoch", steps_per_epoch, least=1)
        self.seed = whole("seed", seed, least=0)
        self.start = whole("start", start, least=0)

    @classmethod
    def read(
        cls,
        name: str,
        split: str,
        *,
        settings: dict[str, Any] | None = None,
        **options: Any,
    ) -> Dataset | Pictures:
        """The data of a name, as this sampler takes it.

        Args:
            name, split, options: As for `sslzoo.data.load`.
            settings: of the sampler, which may decide what of the data can be used.

        >>> from sslzoo.data import Batches
        >>> Batches.read("digits", "test").images.shape
        (500, 8, 8)
        """
        return load(name, split, **options)

    @abstractmethod
    def batch(self, epoch: int, k: int) -> dict[str, NDArray]:
        """Batch k of an epoch: {field: array}."""

    @property
    @abstractmethod
    def arrays(self) -> dict[str, NDArray]:
        """{field: all its rows}, for checks before the first step; fields may differ in length."""

    @property
    def field(self) -> str:
        """The name of the field that a network reads. Raises ValueError if there is none."""
        return input_field(self.arrays)

    @property
    def settings(self) -> dict[str, Any]:
        """{name: plain value} of all that decides the batches.

        It belongs to a checkpoint: one of other batches is refused.
        """
        return {
            "sampler": type(self).__name__,
            "rows": self.size,
            "batch_size": self.batch_size,
            "steps_per_epoch": self.steps_per_epoch,
            "seed": self.seed,
            "start": self.start,
            "fingerprint": self.fingerprint,
        }

    @functools.cached_property
    def fingerprint(self) -> str:
        """A hash of the data: shapes, dtypes, and rows from all over each field.

        The same on every machine. Up to 1 MiB of each field is read, or 16 rows if these are more
        or lie on disk. (N, H, W) and (N, H, W, 1) are the same data.
        """
        digest = hashlib.sha256()
        for field, values in sorted(self.arrays.items()):
            rows = np.ascontiguousarray(spread(values, _rows_to_read(values)))
            shape = values.shape[:-1] if values.shape[-1] == 1 else values.shape
            digest.update(repr((field, tuple(map(int, shape)), str(rows.dtype))).encode())
            digest.update(rows.tobytes())
        return digest.hexdigest()[:16]

    def sample(self, count: int) -> NDArray:
        """Up to `count` rows of the field that a network reads, from all over the set: its rows may
        be sorted by class.
        """
        return spread(self.arrays[self.field], count)

    def starting_at(self, step: int) -> Self:
        """The same order of batches, from another global step on."""
        other = copy.copy(self)
        other.start = whole("step", step, least=0)
        return other

    def __getitem__(self, i: int) -> dict[str, NDArray]:
        return self.batch(*divmod(self.start + int(i), self.steps_per_epoch))


def spread(values: NDArray, count: int) -> NDArray:
    """Up to `count` rows at equal distances, the first and the last among them.

    >>> spread(np.arange(10), 4)
    array([0, 3, 6, 9])
    """
    return values[np.linspace(0, len(values) - 1, min(count, len(values))).astype(int)]


def _rows_to_read(values):
    if getattr(values, "on_disk", False):
        return FINGERPRINT_ROWS
    row_bytes = max(1, values.dtype.itemsize * int(np.prod(values.shape[1:])))
    return max(FINGERPRINT_ROWS, FINGERPRINT_BYTES // row_bytes)
