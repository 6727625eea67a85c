"""One call of `fit`, step by step."""

import contextlib
from typing import Any

import keras

from sslzoo import backends
from sslzoo.checks import refused, whole
from sslzoo.notices import shown
from sslzoo.training import callbacks as keras_callbacks
from sslzoo.training.checkpoint import Checkpoint
from sslzoo.training.feed import Feed
from sslzoo.training.guards import CollapseMonitor, Epochs, NaNStop
from sslzoo.training.loader import EpochLoader
from sslzoo.training.pace import Pace
from sslzoo.training.validation import Validation

MOST_STEPS = 2**31 - 1  # that the clock of a run counts


class Fit:
    """The parts of a `fit`, in the order of `run`.

    Args:
        model: a compiled `Method`.
        feed: its data.
        epochs, initial_epoch, callbacks, verbose: as in Keras. "auto" is silent where notices are.
        validation: what reports on held-out data.

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
        validation: Validation | None = None,
    ) -> None:
        self.model, self.feed = model, feed
        self.epochs, self.verbose = whole("epochs", epochs, least=1), verbose
        if verbose == "auto" and not shown():
            self.verbose = 0
        self.callbacks = keras_callbacks.checked(callbacks)
        self.validation = validation
        found = [c for c in self.callbacks if isinstance(c, Checkpoint)]
        self.checkpoint = found[0] if found else None
        initial_epoch = whole("initial_epoch", initial_epoch, least=0)
        self.start = initial_epoch * (feed.steps_per_epoch or 0)
        self.total = epochs * feed.steps_per_epoch if feed.steps_per_epoch else None
        if self.total and self.total > MOST_STEPS:
            most = MOST_STEPS // feed.steps_per_epoch
            raise refused("epochs", epochs, f"be at most {most} of {feed.steps_per_epoch} steps")

    def run(self) -> keras.callbacks.History:
        """Train; the history of all epochs."""
        self.set_optimizer()
        self.restore()
        self.trace_step()
        self.model.clock.start(self.start, self.total, self.feed.steps_per_epoch)
        self.save_beginning()
        with self.checkpoint.interruption if self.checkpoint else contextlib.nullcontext():
            return self.train()

    def set_optimizer(self) -> None:
        """Stretch the recipe over the steps of this run, and build the optimizer."""
        model = self.model
        if not model.compiled:
            raise refused("optimizer", "none", "be given by `compile` before `fit`")
        if model.has_recipe:
            if self.total is None:
                needed = "be a number, which the schedule is made for"
                raise refused("steps_per_epoch", "None for a stream of unknown length", needed)
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
        identity = self.feed.identity | self.model.identity
        self.checkpoint.run = identity | {"steps": self.total}
        if self.checkpoint.restore(self.model):
            self.start = self.checkpoint.step
        self.checkpoint.step = self.start
        self.checkpoint.tell()
        if 0 < self.start < self.total:
            keras_callbacks.tell_anew(self.callbacks)

    def trace_step(self) -> None:
        """Trace one step to learn what it logs. Any error in it shows before a weight has moved."""
        model = self.model

        def step(batch):
            return model.losses_logs_kept(model.before_step(model.views(model.named_batch(batch))))

        losses, logs, _ = backends.abstract(step, self.feed.first_batch())
        model.name_trackers(("loss", *losses, *logs))
        self.check_callbacks(["loss", *losses], list(logs))

    def check_callbacks(self, losses: list, logs: list) -> None:
        """Refuse callbacks that would fail in the middle of the training.

        Args:
            losses: names in the logs of which less is better, or more if it is an accuracy.
            logs: other names in the logs.
        """
        if self.validation is not None:
            losses = [*losses, *self.validation.names]
        if self.model.watched:
            logs = [*logs, "effective_rank"]
        keras_callbacks.check_monitors(self.callbacks, losses, logs)
        keras_callbacks.check_rates(self.callbacks, self.model.optimizer)

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
                epochs.loader = data if isinstance(data, EpochLoader) else None
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
        """The collapse monitor, for a method with features (N, D); the validation; the pace."""
        monitors = []
        if self.model.watched:
            monitors.append(CollapseMonitor(self.feed.sample(512)))
        if self.validation is not None:
            monitors.append(self.validation)
        if self.verbose and self.total:
            monitors.append(Pace(self.total - self.start, self.feed.steps_per_epoch))
        return monitors


def _append(history: keras.callbacks.History, done: keras.callbacks.History) -> None:
    history.epoch += done.epoch
    for key, values in done.history.items():
        history.history.setdefault(key, []).extend(values)
