"""Random access to the examples of a stored TFDS set, without TensorFlow."""

import functools
import os
import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

LENGTH = struct.Struct("<Q")
# bytes around the data of one TFRecord: its length and that length's CRC; the data's CRC
HEADER = 12
FOOTER = 4


def random_access(builder: Any, split: str, skip: Iterable[str] = ()) -> Sequence[dict] | None:
    """A sequence of decoded examples ({feature: array}) of one split, or None where the format has
    no random access.

    TFDS' own data source serves array_record. TFRecord shards are indexed here, by hopping once
    over the lengths of their records.

    Args:
        builder: of TensorFlow Datasets, prepared. skip: features to leave encoded.

    Raises:
        ValueError: a shard that is cut off.

    >>> import tensorflow_datasets as tfds  # doctest: +SKIP
    >>> random_access(tfds.builder("mnist"), "test")[0]["label"]  # doctest: +SKIP
    7
    """
    import tensorflow_datasets as tfds

    decoders = {key: tfds.decode.SkipDecoding() for key in skip}
    stored_as = builder.info.file_format and builder.info.file_format.value
    if stored_as == "array_record":
        return builder.as_data_source(split, decoders=decoders)
    shards = parts(builder, split)
    if stored_as == "tfrecord" and shards and os.path.isfile(shards[0].filename):
        # a partial, since a set that is read row by row must be pickled
        deserialize = builder.info.features.deserialize_example_np
        return _Examples(shards, functools.partial(deserialize, decoders=decoders))
    return None


def parts(builder: Any, split: str) -> list:
    """What a split has of each file: TFDS' `FileInstruction`s (filename, skip, take, ...).

    >>> import tensorflow_datasets as tfds  # doctest: +SKIP
    >>> [part.take for part in parts(tfds.builder("mnist"), "test[:10]")]  # doctest: +SKIP
    [10]
    """
    return builder.info.splits[split].file_instructions if builder.info.splits else []


class _Examples:
    def __init__(self, shards, decode):
        self.files = [shard.filename for shard in shards]
        starts = [
            _starts(shard.filename, shard.examples_in_shard)[shard.skip :][: shard.take]
            for shard in shards
        ]
        self.file = np.repeat(np.arange(len(shards)), [len(rows) for rows in starts])
        self.start = np.concatenate(starts)
        self.decode = decode

    def __len__(self):
        return len(self.start)

    def __getitem__(self, row):
        with open(self.files[self.file[row]], "rb") as file:
            file.seek(self.start[row])
            (length,) = LENGTH.unpack(file.read(HEADER)[:8])
            return self.decode(file.read(length))


def _starts(path, count):
    """The byte at which each of the `count` records of a TFRecord file starts, int64 (count,)."""
    size = os.path.getsize(path)
    starts = np.empty(count, "int64")
    position = 0
    with open(path, "rb", buffering=HEADER) as file:
        for row in range(count):
            file.seek(position)
            header = file.read(HEADER)
            starts[row] = position
            length = LENGTH.unpack(header[:8])[0] if len(header) == HEADER else size
            position += HEADER + length + FOOTER
            if position > size:
                raise ValueError(f"{path}: cut off, need {count} records, got {row} whole ones.")
    return starts
