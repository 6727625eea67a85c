"""Exact checkpoints: a run that is interrupted goes on as if it had not been."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo.files import atomic


class Checkpoint(keras.callbacks.Callback):
    """Everything a run needs to go on exactly: variables, optimizer, seeds, position. One file,
    replaced atomically.

    A checkpoint of the last step of an epoch is written at the end of that epoch, after the
    method's `end_epoch`, so that it holds the state that the next epoch begins with.

    Args:
        path: an .npz file.
        every: steps between two checkpoints. The end of a run is always one.

    Example:
        >>> import sslzoo
        >>> checkpoint = sslzoo.Checkpoint("run/checkpoint.npz", every=500)
        >>> sslzoo.Checkpoint.steps_done("run/checkpoint.npz")
        0
    """

    def __init__(self, path: str | Path, every: int = 200) -> None:
        super().__init__()
        self.path = Path(path)
        self.every = every
        self.step = 0  # done in all the lives of the run
        self.run = {}  # what the run is made of, set by `fit`: another's checkpoint is refused
        self._due = False

    def restore(self, model: keras.Model) -> int:
        """Put the saved state, if there is one, into a compiled and built model. Returns the steps
        that it has done.

        Raises:
            ValueError: a checkpoint of another run, model or optimizer.
        """
        self.step = 0
        if not self.path.exists():
            return 0
        with np.load(self.path, allow_pickle=False) as saved:
            self._check_run(json.loads(str(saved["run"])) if "run" in saved else self.run)
            variables = state(model)
            values = [saved[name] for name in _names(variables) if name in saved]
            self._check_values(variables, values, len(set(saved.files) - {"step", "run"}))
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
            self.step = int(saved["step"].flat[0])
        return self.step

    def _check_run(self, before: dict) -> None:
        """Refuse the checkpoint of a run with other data, arguments, or sizes."""
        for key, value in self.run.items():
            if before.get(key, value) != value:  # older files lack newer keys
                raise ValueError(
                    f"{self.path}: its run has {key} {before[key]!r}, this one {value!r}; bring "
                    "data and model to where that run began, or use another file."
                )

    def _check_values(self, variables: list, values: list, stored: int) -> None:
        """Refuse the checkpoint of another model."""
        if len(values) != len(variables) or stored != len(values):
            raise ValueError(
                f"{self.path}: holds {len(values)} of the variables, the model has "
                f"{len(variables)}; it is a checkpoint of another model or optimizer: remove it or "
                "use another folder."
            )
        for variable, value in zip(variables, values, strict=True):
            if tuple(variable.shape) != value.shape:
                raise ValueError(
                    f"{self.path}: {variable.path} has shape {value.shape}, needed "
                    f"{variable.shape}."
                )

    @staticmethod
    def steps_done(path: str | Path) -> int:
        """The steps that the checkpoint at `path` has done; 0 where there is none."""
        if not Path(path).exists():
            return 0
        with np.load(path, allow_pickle=False) as saved:
            return int(saved["step"].flat[0])

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._batch = -1

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        before = self.step
        self.step += batch - self._batch  # more than 1 under steps_per_execution
        self._batch = batch
        self._due = self._due or self.step // self.every > before // self.every
        per_epoch = self.run.get("steps_per_epoch")
        if self._due and (not per_epoch or self.step % per_epoch):
            self.save()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self._due:
            self.save()

    def on_train_end(self, logs: Any = None) -> None:
        self.save()

    def save(self) -> None:
        """Write the state, unless it holds NaN or infinity: the last good one stays.

        Raises:
            OSError: the file cannot be written; the one before is untouched.
        """
        self._due = False
        self.model.sync_state()
        variables = state(self.model)
        values = [ops.convert_to_numpy(variable) for variable in variables]
        if not all(np.isfinite(value).all() for value in values):
            return
        named = dict(zip(_names(variables), values, strict=True))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with atomic(self.path) as file:
            np.savez(file, step=[self.step], run=json.dumps(self.run), **named)


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
