"""`tf.data` input: the one module of training that imports TensorFlow, where it is given."""

from typing import Any

import tensorflow as tf


def whole_batches(data: Any) -> Any:
    """A tf.data.Dataset of batches without those that are shorter than the first.

    Where the length is known, the last batch alone can be short: it is looked at, and the result
    has a known length too.

    Example:
        >>> import tensorflow as tf
        >>> from sslzoo.training.tf_data import whole_batches
        >>> len(whole_batches(tf.data.Dataset.range(33).batch(16)))
        2
    """
    if tf.nest.flatten(data.element_spec)[0].shape[:1].is_fully_defined():
        return data  # drop_remainder=True
    count = int(data.cardinality())
    if count in (0, 1):
        return data
    first = _rows(*_parts(next(iter(data))))
    if count == tf.data.UNKNOWN_CARDINALITY or count == tf.data.INFINITE_CARDINALITY:
        return data.filter(lambda *batch: _rows(*batch) >= first)
    last = next(iter(data.skip(count - 1)))
    return data.take(count - 1) if _rows(*_parts(last)) < first else data


def _parts(batch):
    return batch if isinstance(batch, tuple) else (batch,)


def _rows(*batch):
    return tf.shape(tf.nest.flatten(batch)[0])[0]
