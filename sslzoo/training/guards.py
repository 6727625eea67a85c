"""What watches a run: the NaN stop, the collapse monitor."""

import warnings
from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import nn
from sslzoo.training.checkpoint import state

CHECK_EVERY = 20  # steps between looks at the loss: reading it waits for the device


class NaNStop(keras.callbacks.Callback):
    """Stop when the loss is not a number; go back to the weights of the last good epoch.

    Example:
        >>> import keras, sslzoo
        >>> model = sslzoo.build("simclr", "micro", 8, augment="digits")
        >>> model.compile(keras.optimizers.SGD(1e30))
        >>> model.fit(sslzoo.data.load("digits"), epochs=9, verbose=0)  # `fit` has a NaNStop
        ... # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        FloatingPointError: the loss is not a number
    """

    def set_model(self, model: keras.Model) -> None:
        super().set_model(model)
        self.good = None

    def on_train_begin(self, logs: Any = None) -> None:
        if self.good is None:
            self.epoch, self.good = -1, self._values()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch % CHECK_EVERY == 0:
            self._look(logs, f"step {batch}")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        where = f"the end of epoch {epoch + 1}"
        self._look(logs, where)
        values = self._values()
        # The loss of the last step is from before its update: only the weights show what that did.
        if not all(np.isfinite(value).all() for value in values):
            self._stop(f"weights: became NaN or infinite at {where}")
        self.epoch, self.good = epoch, values

    def _values(self) -> list:
        return [ops.convert_to_numpy(v).copy() for v in state(self.model)]

    def _look(self, logs: Any, where: str) -> None:
        loss = float(logs["loss"])
        if not np.isfinite(loss):
            self._stop(f"loss: became {loss} at {where}")

    def _stop(self, problem: str) -> None:
        self.model.sync_state()
        self._restore()
        kept = (
            f"of the end of epoch {self.epoch + 1}" if self.epoch >= 0 else "from before this fit"
        )
        raise FloatingPointError(
            f"{problem}; the weights {kept} are back. Lower the learning rate, or look for bad "
            f"{self.model.reads.field}."
        )

    def _restore(self) -> None:
        for variable, value in zip(state(self.model), self.good, strict=True):
            variable.assign(value)

    def restore_if_broken(self) -> None:
        """A step that raises on JAX leaves donated, deleted buffers behind: put the last good
        values there.
        """
        if getattr(self, "good", None) is None:
            return
        try:
            for variable in self.model.variables:
                ops.convert_to_numpy(variable)
        except Exception:  # whatever the backend says of a deleted buffer
            self._restore()


class CollapseMonitor(keras.callbacks.Callback):
    """Warn when features lose their spread; log their effective rank.

    `feature_std` (each step): standard deviation over the batch of the L2-normalized features,
    times sqrt(D): 1 for features spread over the sphere, 0 for a constant. `effective_rank` (each
    epoch): exp of the entropy of the normalized singular values of the centered features of up to
    512 training items (Roy & Vetterli 2007): 1..D.

    Args:
        items: what `model.encode` takes.

    Example:
        >>> import sslzoo
        >>> from sslzoo.training.guards import CollapseMonitor
        >>> monitor = CollapseMonitor(sslzoo.data.load("digits").images[:64])
    """

    LEAST_STD = 0.02
    LEAST_RANK = 1.5
    LEAST_ITEMS = 8  # fewer span no directions to speak of

    def __init__(self, items: Any) -> None:
        super().__init__()
        self.items = items
        self.warned = False

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        features = self.model.encode(self.items)
        logs["effective_rank"] = rank = nn.effective_rank(features)
        spread = float(nn.feature_std(features))
        if len(features) < self.LEAST_ITEMS:
            return
        if not self.warned and (spread < self.LEAST_STD or rank < self.LEAST_RANK):
            self.warned = True
            warnings.warn(
                f"The representation has collapsed: after epoch {epoch + 1} the features of "
                f"{len(features)} training {self.model.reads.field} have a spread of {spread:.3g} "
                f"(1 is healthy, 0 a constant) and an effective rank of {rank:.1f} of "
                f"{features.shape[1]}. Lower the learning rate, or look at the views (too easy?) "
                "and at the batch size.",
                stacklevel=2,
            )


class Epochs(keras.callbacks.Callback):
    """Calls the method's `begin_epoch` and `end_epoch`.

    Keras ends an epoch also where training is stopped inside it; the method's epoch goes on in the
    resumed run, and ends there.

    Args:
        data: {field: all rows}, or None for a stream.

    Attributes:
        inside: whether the run goes on inside an epoch, which has begun in an earlier life.
        loader: an `EpochLoader` that is told which epoch begins, or None.

    Example:
        >>> from sslzoo.training.guards import Epochs
        >>> Epochs(None).inside
        False
    """

    def __init__(self, data: dict | None) -> None:
        super().__init__()
        self.data, self.inside = data, False
        self.loader = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if not self.inside:
            self.model.begin_epoch(self.data)
        if self.loader is not None:  # only now: what Keras has read ahead is of the last epoch
            self.loader.epoch = epoch
        self.inside = False

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        clock = self.model.clock
        step, steps = (int(ops.convert_to_numpy(v)) for v in (clock.step, clock.per_epoch))
        inside = bool(steps and step % steps)
        if not (inside and self.model.stop_training):
            self.model.end_epoch()
