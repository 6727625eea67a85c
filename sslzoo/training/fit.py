"""One call of `fit`, step by step."""

from typing import Any

import keras
from keras import ops

from sslzoo import backends
from sslzoo.training.checkpoint import Checkpoint
from sslzoo.training.feed import Feed
from sslzoo.training.guards import CollapseMonitor, Epochs, NaNStop


class Fit:
    """The parts of a `fit`, in the order of `run`.

    Args:
        model: a compiled `Method`.
        feed: its data.
        epochs, initial_epoch, callbacks, verbose: as in Keras.

    Example:
        >>> import sslzoo
        >>> from sslzoo.training.feed import Feed
        >>> from sslzoo.training.fit import Fit
        >>> model = sslzoo.build("simclr", "micro", 8)
        >>> feed = Feed(sslzoo.data.load("digits"), 256, model)
        >>> len(Fit(model, feed, epochs=1, verbose=0).run().history["loss"])
        1
    """

    def __init__(
        self,
        model: Any,
        feed: Feed,
        epochs: int = 1,
        initial_epoch: int = 0,
        callbacks: list | None = None,
        verbose: Any = "auto",
    ) -> None:
        self.model, self.feed = model, feed
        self.epochs, self.verbose = epochs, verbose
        self.callbacks = list(callbacks or [])
        found = [c for c in self.callbacks if isinstance(c, Checkpoint)]
        self.checkpoint = found[0] if found else None
        self.start = initial_epoch * (feed.steps_per_epoch or 0)
        self.total = epochs * feed.steps_per_epoch if feed.steps_per_epoch else None

    def run(self) -> keras.callbacks.History:
        """Train; the history of all epochs."""
        self.set_optimizer()
        self.restore()
        self.trace_step()
        self.model.clock.start(self.start, self.total, self.feed.steps_per_epoch)
        self.save_beginning()
        return self.train()

    def set_optimizer(self) -> None:
        """Stretch the recipe over the steps of this run, and build the optimizer."""
        model = self.model
        if model.has_recipe:
            if self.total is None:
                raise ValueError(
                    "steps_per_epoch: got None for a stream; the schedule needs the number of "
                    "steps."
                )
            model.compile_for(self.total)
            # A MultiOptimizer counts the steps of each of its own.
            for optimizer in (model.optimizer, *getattr(model.optimizer, "optimizers", ())):
                optimizer.iterations.assign(self.start)
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)

    def restore(self) -> None:
        """Go on where a checkpoint of this run stands."""
        if self.checkpoint is None:
            return
        self.checkpoint.run = self.feed.identity
        if self.checkpoint.restore(self.model):
            self.start = self.checkpoint.step
            clock = int(ops.convert_to_numpy(self.model.clock.step))
            if clock != self.start:
                raise ValueError(
                    f"{self.checkpoint.path}: its state is of step {clock}, its position is step "
                    f"{self.start}; the file was changed, remove it or use another."
                )
        self.checkpoint.step = self.start

    def trace_step(self) -> None:
        """Trace one step to learn what it logs. Any error in it shows before a weight has moved."""
        model = self.model

        def step(batch):
            return model.losses_logs_kept(model.before_step(model.views(model.named_batch(batch))))

        losses, logs, _ = backends.abstract(step, self.feed.first_batch())
        model.name_trackers(("loss", *losses, *logs))

    def save_beginning(self) -> None:
        """A run that is stopped before its first checkpoint begins again as it began."""
        if self.checkpoint is not None and not self.checkpoint.path.exists():
            self.checkpoint.set_model(self.model)
            self.checkpoint.save()

    def train(self) -> keras.callbacks.History:
        """Keras' own `fit`, once for the rest of an interrupted epoch and once for the others."""
        guard, epochs = NaNStop(), Epochs(self.feed.arrays)
        callbacks = [epochs, guard, *self.monitors(), *self.callbacks]
        history = keras.callbacks.History()
        history.epoch, history.history = [], {}
        try:
            for data, first, last, steps in self.feed.segments(self.start, self.epochs):
                epochs.inside = bool(steps) and steps != self.feed.steps_per_epoch
                done = keras.Model.fit(
                    self.model,
                    data,
                    epochs=last,
                    initial_epoch=first,
                    steps_per_epoch=steps,
                    callbacks=callbacks,
                    shuffle=False,
                    verbose=self.verbose,
                )
                _append(history, done)
                if self.model.stop_training:
                    break
        except BaseException:
            guard.restore_if_broken()
            raise
        return history

    def monitors(self) -> list:
        """The collapse monitor, for a method with features (N, D)."""
        if not self.model.watched:
            return []
        return [CollapseMonitor(self.feed.sample(512))]


def _append(history: keras.callbacks.History, done: keras.callbacks.History) -> None:
    history.epoch += done.epoch
    for key, values in done.history.items():
        history.history.setdefault(key, []).extend(values)
