"""Checkpoints that continue an interrupted run exactly."""

import time
from pathlib import Path
from typing import Any

import keras
from keras import ops

from sslzoo.checks import local_path, whole
from sslzoo.notices import notice
from sslzoo.training.interruption import Interruption
from sslzoo.training.saved import Saved, is_finite, read_checkpoint, write_checkpoint

MOST_SECONDS = 60  # between two checkpoints, but for the length of a step


class Checkpoint(keras.callbacks.Callback):
    """Saves all that a run needs to continue exactly: variables, optimizer, seeds and position.
    It writes one file, and replaces it atomically.

    It is written every `every` steps, every minute, at the end of each epoch that took longer than
    writing takes, and at the end of the run. Ctrl-C and SIGTERM write one before they stop the
    process. A checkpoint of the last step of an epoch is written at the end of that epoch, after
    the method's `end_epoch`, so that it holds the state that the next epoch begins with.

    A finished run may be given more epochs. A schedule that is stretched over the run then
    continues as that of the longer run, so the weights are not those of one long run.

    Args:
        path: An .npz file.
        every: Steps between two checkpoints, at most.

    Example:
        >>> import sslzoo
        >>> checkpoint = sslzoo.Checkpoint("run/checkpoint.npz", every=500)
        >>> sslzoo.Checkpoint.steps_done("run/checkpoint.npz")
        0
    """

    def __init__(self, path: str | Path, every: int = 200) -> None:
        super().__init__()
        self.path = local_path("path", path)
        self.every = whole("every", every, least=1)
        self.step = 0  # done in all the lives of the run
        self.run = {}  # what the run is made of, set by `fit`: another's checkpoint is refused
        self.interruption = Interruption()
        self._due = self._extended = False
        self._asked = False  # to stop, and the checkpoint is written
        self._written = -1  # the step of the last checkpoint
        self._written_at = time.monotonic()
        self._writing_seconds = 0.0

    def restore(self, model: keras.Model) -> int:
        """Put the saved state, if there is one, into a compiled and built model. Returns the steps
        that it has done.

        Raises:
            ValueError: a damaged checkpoint, or one of another run, model or optimizer.
        """
        self.step = 0
        if not self.path.exists():
            return 0
        saved = read_checkpoint(self.path)
        self._extended = saved.step == saved.run.get("steps") < self.run.get("steps", 0)
        self._check_run(saved.run)
        self._check_position(saved)
        variables = state(model)
        values = self._checked_values(variables, saved.values)
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        self.step = self._written = saved.step
        return self.step

    def _check_run(self, before: dict) -> None:
        """Refuse the checkpoint of a run with other data, arguments, or sizes. The schedules of an
        optimizer may differ where a finished run is given more epochs.
        """
        for key, value in self.run.items():
            is_schedule = key.startswith("optimizer ") and isinstance(value, str)
            if before.get(key) != value and key != "steps" and not (self._extended and is_schedule):
                raise ValueError(
                    f"{self.path}: its run has {key} {before.get(key)!r}, this one {value!r}; "
                    "bring data and model to where that run began, or use another file."
                )

    def _check_position(self, saved: Saved) -> None:
        """Refuse a position beyond this run, and another length of a run that is not finished."""
        steps, before = self.run.get("steps"), saved.run.get("steps")
        if steps is None:
            return
        if saved.step > steps:
            raise ValueError(
                f"{self.path}: its run has done {saved.step} steps, this one is of {steps}; give "
                "more epochs, or use another file."
            )
        if before != steps and before != saved.step:
            raise ValueError(
                f"{self.path}: its run of {before} steps stopped at step {saved.step}, this one is "
                f"of {steps}; finish that run with its own epochs first, or use another file."
            )

    def _checked_values(self, variables: list, stored: dict) -> list:
        """The values of the variables. Refuses the checkpoint of another model."""
        if sorted(stored) != _names(variables):
            raise ValueError(
                f"{self.path}: holds {len(stored)} variables, the model has {len(variables)}; it "
                "is a checkpoint of another model or optimizer: remove it or use another folder."
            )
        values = [stored[name] for name in _names(variables)]
        for variable, value in zip(variables, values, strict=True):
            if tuple(variable.shape) != value.shape or variable.dtype != value.dtype.name:
                raise ValueError(
                    f"{self.path}: {variable.path} is {value.dtype.name} with shape {value.shape}, "
                    f"needed {variable.dtype} with shape {tuple(variable.shape)}."
                )
            if not is_finite(value):
                raise ValueError(
                    f"{self.path}: {variable.path} holds NaN or infinity, needed finite values."
                )
        return values

    def tell(self) -> None:
        """Say whether this run begins or goes on, and where."""
        steps, per_epoch = self.run["steps"], self.run["fit_steps_per_epoch"]
        epochs, epoch = steps // per_epoch, self.step // per_epoch
        if not self.step:
            notice(f"{self.path}: a new run, {epochs} epochs of {per_epoch} steps.")
        elif self.step == steps:
            notice(f"{self.path}: the run of {epochs} epochs is finished.")
        elif self._extended:
            notice(
                f"{self.path}: the run of {epoch} epochs is finished and goes on to {epochs}, from "
                f"here on with the schedule of {epochs} epochs."
            )
        else:
            notice(
                f"{self.path}: the run goes on in epoch {epoch + 1} of {epochs}, after step "
                f"{self.step} of {steps}."
            )

    @staticmethod
    def steps_done(path: str | Path) -> int:
        """The steps that the checkpoint at `path` has done; 0 where there is none.

        Raises:
            ValueError: it cannot be read.
        """
        path = local_path("path", path)
        return read_checkpoint(path).step if path.exists() else 0

    def on_train_begin(self, logs: Any = None) -> None:
        self._written_at = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._stop_if_asked()
        self._batch, self._began_at = -1, time.monotonic()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._stop_if_asked()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        before = self.step
        self.step += batch - self._batch  # more than 1 under steps_per_execution
        self._batch = batch
        late = time.monotonic() - self._written_at > MOST_SECONDS
        self._due = self._due or late or self.step // self.every > before // self.every
        per_epoch = self.run.get("fit_steps_per_epoch")
        if (self._due or self.interruption.came) and (not per_epoch or self.step % per_epoch):
            self._save_and_tell()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        seconds = time.monotonic() - self._began_at
        if self._due or self.interruption.came or seconds > self._writing_seconds:
            self._save_and_tell()

    def on_train_end(self, logs: Any = None) -> None:
        if self.step != self._written:
            self.save()

    def _save_and_tell(self) -> None:
        if self.step != self._written:
            self.save()
        self._asked = self.interruption.came is not None
        if self._asked and self.step == self._written:
            notice(f"{self.path}: written after step {self.step}. The same call goes on from it.")

    def _stop_if_asked(self) -> None:
        """Not at the end of the step that was written: the other callbacks see that end as well."""
        if self._asked:
            self._asked = False
            self.interruption.deliver()

    def save(self) -> None:
        """Write the state, unless it holds NaN or infinity: the last good one stays.

        Raises:
            OSError: the file cannot be written; the one before is untouched.
        """
        began_at, self._due = time.monotonic(), False
        self.model.sync_state()
        variables = state(self.model)
        values = [ops.convert_to_numpy(variable) for variable in variables]
        if not all(is_finite(value) for value in values):
            return
        named = dict(zip(_names(variables), values, strict=True))
        write_checkpoint(self.path, Saved(self.step, self.run, named))
        self._written, self._written_at = self.step, time.monotonic()
        self._writing_seconds = self._written_at - began_at


def state(model: keras.Model) -> list:
    """Every variable of a run: the model's and its optimizer's.

    Example:
        >>> import sslzoo
        >>> from sslzoo.training.checkpoint import state
        >>> len(state(sslzoo.build("simclr", "micro", 8))) > 10
        True
    """
    return [*model.variables, *model.optimizer.variables]


def _names(variables: list) -> list[str]:
    return [f"{index:05d}" for index in range(len(variables))]
