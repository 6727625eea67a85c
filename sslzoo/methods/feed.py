"""What `fit` is given -> checked batches, from any step on."""

import keras
import numpy as np

from sslzoo import backends
from sslzoo.data import Batches, Dataset, check_images, check_labels
from sslzoo.data.endless import Endless


class Feed:
    """The training data of one `fit`: arrays and data sets become endless `Batches`; streams pass
    as they are.

    Whatever can be looked at as a whole is checked as a whole; of a stream, the first batch.
    """

    def __init__(self, x, batch_size, method, steps_per_epoch=None):
        if x is None:
            raise ValueError(
                "x: got None; it must be images, a Dataset, a dict of named arrays or a stream."
            )
        self.method = method
        if not is_rows(x):
            if batch_size is not None:
                raise ValueError(
                    f"batch_size: got {batch_size} with data that comes in batches; leave it out."
                )
            if not isinstance(x, keras.utils.PyDataset) and (
                not hasattr(x, "__iter__") or iter(x) is x
            ):
                raise TypeError(
                    f"x: got a {type(x).__name__}; it must be images, a Dataset, a dict of "
                    "named arrays, or a stream that can be "
                    "read again: a PyDataset or a tf.data.Dataset."
                )
            self.data = x
        else:
            self.data = Batches(
                rows(x, method), 256 if batch_size is None else batch_size, seed=method.seed
            )
            if (
                batch_size is not None
                and "unlabeled" in method.fields
                and self.data.size < batch_size
            ):
                raise ValueError(
                    f"unlabeled: got {self.data.size} images; a batch takes {batch_size} "
                    "(batch_size)."
                )
        if isinstance(x, (Endless, Dataset)):
            check(self.data.arrays, method)
        self.steps_per_epoch = steps_per_epoch or getattr(self.data, "steps_per_epoch", None)
        if self.steps_per_epoch is None:
            try:
                self.steps_per_epoch = len(self.data)
            except TypeError:  # endless, or of unknown length
                self.steps_per_epoch = None
        self._first = None

    def first_batch(self):
        """The first batch, checked."""
        if self._first is None:
            batch = (
                self.data[0]
                if isinstance(self.data, keras.utils.PyDataset)
                else next(iter(self.data))
            )
            batch = self.method.named_batch(batch)
            check_fields(batch, self.method)
            batch = check({name: np.asarray(value) for name, value in batch.items()}, self.method)
            if len(batch["images"]) < self.method.min_batch:
                raise ValueError(
                    f"batch_size: got a batch of {len(batch['images'])}; "
                    f"{type(self.method).__name__} needs at least {self.method.min_batch}."
                )
            self._first = batch
        return self._first

    def sample(self, count):
        """Up to `count` training images."""
        return (
            self.data.sample(count)
            if isinstance(self.data, Endless)
            else self.first_batch()["images"][:count]
        )

    @property
    def run(self):
        """What a checkpoint must have been made with to go on from it."""
        if not isinstance(self.data, Endless):
            raise ValueError(
                f"callbacks: Checkpoint with a {type(self.data).__name__}; going on exactly "
                "needs arrays, a Dataset or a sampler "
                "of sslzoo.data."
            )
        own = self.data
        return {
            "method": type(self.method).__name__,
            "backend": keras.backend.backend(),
            "images": own.size,
            "batch_size": own.batch_size,
            "steps_per_epoch": own.steps_per_epoch,
            "seed": own.seed,
            **own.settings,
        }

    def segments(self, start, epochs):
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

    def _from(self, step):
        """The same order of batches, from another step on."""
        batches = self.data.starting_at(self.data.start + step)
        return batches if backends.process()[1] == 1 else Shard(batches)


class Shard(keras.utils.PyDataset):
    """This process's rows of each batch: the processes of one run put their shards together to the
    global batch.
    """

    num_batches = None

    def __init__(self, batches):
        super().__init__()
        index, count = backends.process()
        if batches.batch_size % count:
            raise ValueError(
                f"batch_size: got {batches.batch_size}; it must be a multiple of the {count} "
                "processes."
            )
        self.batches, self.index, self.count = batches, index, count

    def __getitem__(self, i):
        # Each field has its own number of rows: those of `sslzoo.data.Paired` differ.
        return {
            field: np.split(values, self.count)[self.index]
            for field, values in self.batches[i].items()
        }


def is_rows(x):
    """Arrays or a data set, as against a stream of batches."""
    if isinstance(x, (tuple, list)):
        return all(map(is_rows, x))
    if isinstance(x, dict):
        return all(map(is_rows, x.values()))
    return isinstance(x, Dataset) or hasattr(x, "__array__")


def named_arrays(x):
    """{field: all its rows} of a dict of arrays or a sampler of `sslzoo.data`; of anything else
    nothing is known by name.
    """
    return x if isinstance(x, dict) else getattr(x, "arrays", {})


def with_labels(x, y):
    """What `fit` was given as `x` and `y`, as one: x, (x, y), or the dict x with its labels."""
    if y is None:
        return x
    if isinstance(x, dict):
        return {**x, "labels": y}
    if not hasattr(x, "__array__"):
        raise ValueError(
            f"y: got labels beside a {type(x).__name__}; they go with images, or with a dict "
            "of named arrays."
        )
    return x, y


def rows(x, method):
    """Arrays of any accepted form -> a data set, or a dict of fields with images (N, H, W, C) in
    what a model reads.
    """
    if isinstance(x, Dataset):
        return x
    data = method.named_batch(x)
    check_fields(data, method)
    return check(data, method)


def check_fields(batch, method):
    for field in method.fields:
        if field not in batch:
            raise ValueError(
                f"{field}: missing from the batch, which has {sorted(batch)}; "
                f"{type(method).__name__} needs {list(method.fields)}."
            )


def check(data, method):
    """{field: values} with the images as a model reads them; ValueError for what the method cannot
    take.
    """
    checked = dict(data)
    for field in method.image_fields:
        if field in data:
            checked[field] = check_images(data[field], field)
            if checked[field].shape[-1] not in (1, method.preprocess.channels):
                raise ValueError(
                    f"{field}: got {checked[field].shape[-1]} channels; this backbone takes "
                    f"{method.preprocess.channels}."
                )
    if "labels" in data and "images" in data:
        checked["labels"] = check_labels(data["labels"], len(data["images"]))
    method.check(checked)
    return checked
