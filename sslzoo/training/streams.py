"""Streams of batches: which are read, and what becomes of their short batches."""

from typing import Any

import keras

from sslzoo.checks import refused


def stream(x: Any, batch_size: int | None) -> Any:
    """A stream of batches without the short ones, refused where it cannot be read again.

    Batches that are shorter than the first, such as the last one of an epoch, are left out, as of
    arrays. A tf.data.Dataset of known length is read once for that, unless its batches all have one
    size: `batch(n, drop_remainder=True)`.

    Raises:
        ValueError, TypeError: no stream, or none that can be read again.

    Example:
        >>> from sslzoo.training.streams import stream
        >>> stream(iter([]), None)
        Traceback (most recent call last):
        TypeError: x: got a list_iterator; it must be images, a Dataset, a dict of named arrays, \
or a stream that can be read again: a PyDataset or a tf.data.Dataset.
    """
    if x is None:
        raise refused("x", None, "be images, a Dataset, a dict of named arrays or a stream")
    check_stream(x)
    if batch_size is not None:
        got = f"{batch_size} with data that comes in batches"
        raise refused("batch_size", got, "be left out")
    if isinstance(x, keras.utils.PyDataset):
        return _whole_batches(x)
    if getattr(x, "drop_last", True) is False:  # a DataLoader of PyTorch
        raise refused("x", f"a {type(x).__name__} with drop_last=False", "have drop_last=True")
    if hasattr(x, "element_spec"):
        from sslzoo.training.tf_data import whole_batches

        return whole_batches(x)
    return x


def check_stream(x: Any) -> None:
    """Refuse what is no stream, and one that cannot be read again.

    Raises:
        TypeError: in one sentence.

    Example:
        >>> from sslzoo.training.streams import check_stream
        >>> check_stream(range(3))
    """
    text = isinstance(x, (str, bytes)) or hasattr(x, "__fspath__")
    again = hasattr(x, "__iter__") and iter(x) is not x and not text
    if not isinstance(x, keras.utils.PyDataset) and not again:
        raise TypeError(
            f"x: got a {type(x).__name__}; it must be images, a Dataset, a dict of named arrays, "
            "or a stream that can be read again: a PyDataset or a tf.data.Dataset."
        )


def first_batch(x: Any) -> Any:
    """The first batch of a stream.

    Raises:
        TypeError: as `check_stream`. ValueError: a stream of no batches.

    Example:
        >>> from sslzoo.training.streams import first_batch
        >>> first_batch(range(3))
        0
    """
    check_stream(x)
    if isinstance(x, keras.utils.PyDataset):
        return x[0]
    batch = next(iter(x), None)
    if batch is None:
        raise refused("x", f"a {type(x).__name__} of no batches", "have at least one")
    return batch


def length(data: Any) -> int | None:
    """Batches of a stream; None where that is not known, or without an end.

    Example:
        >>> from sslzoo.training.streams import length
        >>> length(batch for batch in [])
    """
    if isinstance(data, keras.utils.PyDataset):
        return data.num_batches
    try:
        return len(data)
    except TypeError:
        return None


def rows(batch: Any) -> int:
    """The rows of a batch.

    Example:
        >>> import numpy as np
        >>> from sslzoo.training.streams import rows
        >>> rows(({"images": np.zeros((4, 8, 8))}, [1, 2, 3, 4]))
        4
    """
    while isinstance(batch, (tuple, list)):
        batch = batch[0]
    if isinstance(batch, dict):
        batch = next(iter(batch.values()))
    return len(batch)


class WholeBatches(keras.utils.PyDataset):
    """The first `count` batches of a PyDataset.

    Example:
        >>> import keras
        >>> from sslzoo.training.streams import WholeBatches
        >>> class Numbers(keras.utils.PyDataset):
        ...     def __len__(self):
        ...         return 3
        ...     def __getitem__(self, i):
        ...         return i
        >>> len(WholeBatches(Numbers(), 2))
        2
    """

    def __init__(self, data: keras.utils.PyDataset, count: int) -> None:
        super().__init__(data.workers, data.use_multiprocessing, data.max_queue_size)
        self.data, self.count = data, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, i: int) -> Any:
        return self.data[i]

    def on_epoch_begin(self) -> None:
        self.data.on_epoch_begin()

    def on_epoch_end(self) -> None:
        self.data.on_epoch_end()


def _whole_batches(data):
    """A PyDataset without a last batch that is shorter than the first."""
    count = data.num_batches
    if count == 0:
        raise refused("x", f"a {type(data).__name__} of no batches", "have at least one")
    if count in (None, 1) or rows(data[count - 1]) >= rows(data[0]):
        return data
    return WholeBatches(data, count - 1)
