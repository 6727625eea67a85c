"""Held-out data in `fit`: accuracy, or losses on the same views after each epoch."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import backends
from sslzoo.checks import check_labels, refused, whole
from sslzoo.data import Dataset
from sslzoo.data.streams import Endless
from sslzoo.training.feed import Feed, as_arrays, is_rows

# The seed of the fixed views. The counts of two batches are as far apart as none draws.
SEED = 2**30
DRAWS = 2**16
LEAST = 1e-7  # probability, below which a logarithm says no more


class Validation(keras.callbacks.Callback):
    """Adds `val_...` to the logs of an epoch.

    A model that classifies is judged by `val_accuracy` and `val_loss`, the mean cross-entropy of
    its probabilities: it needs labels. Any other model has its own losses, over batches and views
    that are the same after each epoch. They leave the state of the model and its seeds as they are.

    Args:
        model: a `Method`.
        data: what `fit` takes, with labels where the model classifies.
        batch_size: items a batch, for what does not come in batches.
        steps: batches of a stream that are looked at; None for all.
        every: epochs between two looks, or the numbers of the epochs, from 1.

    Raises:
        ValueError: data that the model cannot be judged by.

    Example:
        >>> import sslzoo
        >>> from sslzoo.training.validation import Validation
        >>> model = sslzoo.build("simclr", "micro", 8, augment="digits")
        >>> digits = sslzoo.data.load("digits", "test")
        >>> sorted(Validation(model, digits, batch_size=100).measure())
        ['loss', 'nt_xent']
    """

    def __init__(
        self,
        model: Any,
        data: Any,
        batch_size: int = 256,
        steps: int | None = None,
        every: int | Iterable[int] = 1,
    ) -> None:
        super().__init__()
        self.every = _epochs(every)
        whole("validation_batch_size", batch_size, least=1)
        if steps is not None:
            whole("validation_steps", steps, least=1)
        with _about("validation_data"):
            if "classify" in model.verbs:
                self.measured = Accuracy(model, data, batch_size, steps)
            else:
                self.measured = FixedLosses(model, data, batch_size, steps)

    @property
    def names(self) -> list[str]:
        """The names in the logs."""
        return [f"val_{name}" for name in self.measured.names]

    def measure(self) -> dict[str, float]:
        """{name: value} now."""
        return self.measured()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        every = self.every
        due = (epoch + 1) % every == 0 if isinstance(every, int) else epoch + 1 in every
        if due:
            logs.update({f"val_{name}": value for name, value in self.measure().items()})


class Accuracy:
    """How often a classifier is right, and its cross-entropy.

    Example:
        >>> import sslzoo
        >>> from sslzoo.training.validation import Accuracy
        >>> model = sslzoo.build("fixmatch", "micro", 8, classes=10)
        >>> sorted(Accuracy(model, sslzoo.data.load("digits", "test"))())
        ['accuracy', 'loss']
    """

    names = ("accuracy", "loss")

    def __init__(
        self, model: Any, data: Any, batch_size: int = 256, steps: int | None = None
    ) -> None:
        self.model, self.batch_size = model, batch_size
        data = as_arrays(data)
        if isinstance(data, Endless):  # its rows, whatever fields its batches have for training
            data = data.arrays
        self.rows = is_rows(data)
        self.data = data.fields if isinstance(data, Dataset) else data
        self.feed = None if self.rows else _feed(data, None, model, steps)
        items, labels = next(self._batches())
        count = min(len(labels), batch_size)
        # An error of the model shows here, before a weight has moved.
        self._probabilities(keras.tree.map_structure(lambda values: values[:count], items))

    def __call__(self) -> dict[str, float]:
        right = count = 0
        entropy = 0.0
        for items, labels in self._batches():
            probabilities = self._probabilities(items)
            right += int((probabilities.argmax(axis=1) == labels).sum())
            chosen = probabilities[np.arange(len(labels)), labels]
            entropy -= float(np.log(np.maximum(chosen, LEAST)).sum())
            count += len(labels)
        return {"accuracy": right / count, "loss": entropy / count}

    def _batches(self) -> Iterator[tuple]:
        """(items, labels), checked: all rows at once, or those of each batch of a stream."""
        for batch in [self.data] if self.rows else self.feed.batches():
            yield self._checked(self.model.named_batch(batch))

    def _checked(self, batch: dict) -> tuple:
        model = self.model
        needed = f"have labels: {type(model).__name__} is judged by its accuracy"
        if batch.get("labels") is None:
            raise refused("labels", "none", needed)
        if not set(model.reads.fields) <= set(batch):
            raise refused("fields", f"{sorted(batch)}", f"hold {', '.join(model.reads.fields)}")
        items = model.reads.check(model.reads.of(batch))
        classes = getattr(model, "classes", None)
        return items, check_labels(batch["labels"], model.reads.count(items), classes)

    def _probabilities(self, items: Any) -> np.ndarray:
        return self.model.classify(items, batch_size=self.batch_size)


class FixedLosses:
    """The losses of a model over batches and views that never change.

    Example:
        >>> import sslzoo
        >>> from sslzoo.training.validation import FixedLosses
        >>> model = sslzoo.build("vae", "mlp", 8, latent_dim=2)
        >>> sorted(FixedLosses(model, sslzoo.data.load("digits", "test")).names)
        ['kl', 'loss', 'reconstruction']
    """

    def __init__(
        self, model: Any, data: Any, batch_size: int = 256, steps: int | None = None
    ) -> None:
        self.model = model
        data = as_arrays(data)
        self.feed = _feed(data, batch_size if is_rows(data) else None, model, steps)
        first = self.feed.first_batch()
        self.names = ["loss", *backends.abstract(self.losses, np.int32(0), first)]

    def __call__(self) -> dict[str, float]:
        function = self.model._cached("val", lambda: backends.untouched(self.model, self.losses))
        sums, count = {}, 0
        for batch in self.feed.batches():
            losses = function(np.int32(count), batch)
            for name, loss in {"loss": sum(losses.values()), **losses}.items():
                sums[name] = sums.get(name, 0.0) + float(loss)
            count += 1
        return {name: value / count for name, value in sums.items()}

    def losses(self, number: Any, batch: dict) -> dict:
        """{name: loss} of the batch of this number, drawn from seeds of its own."""
        for index, state in enumerate(self.model.seed_states):
            state.assign(ops.cast(ops.stack([SEED + index, number * DRAWS]), state.dtype))
        batch = self.model.before_step(self.model.views(batch))
        return self.model.losses_logs_kept(batch)[0]


def _feed(data, batch_size, model, steps):
    """A `Feed` that ends."""
    feed = Feed(data, batch_size, model, steps)
    if feed.steps_per_epoch is None:
        raise refused("validation_steps", None, "be a number, for a stream of unknown length")
    return feed


def _epochs(every):
    """A number of epochs, or the set of their numbers."""
    if isinstance(every, (list, tuple, set, range)):
        return {whole("validation_freq", number, least=1) for number in every}
    return whole("validation_freq", every, least=1)


@contextlib.contextmanager
def _about(name):
    """Errors inside name the argument that they are about."""
    try:
        yield
    except (ValueError, TypeError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name}, {error}") from error
