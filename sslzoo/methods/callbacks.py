"""What watches a run: exact checkpoints, the NaN stop, the collapse monitor."""

import json
import os
import warnings
from pathlib import Path

import keras
import numpy as np
from keras import ops

from sslzoo import backends, nn

CHECK_EVERY = 20  # steps between looks at the loss: reading it waits for the device


class Checkpoint(keras.callbacks.Callback):
    """Everything a run needs to go on exactly: variables, optimiser, seeds, position. One file,
    replaced atomically.

    Args:
        path: an .npz file.
        every: steps between two checkpoints; the end of a run is always one.
    """

    def __init__(self, path, every=200):
        super().__init__()
        self.path = Path(path)
        self.every = every
        self.step = 0  # done in all the lives of the run
        self.first_step = 0  # the optimiser's count when the run began
        self.run = {}  # what the run is made of, set by `fit`: another's checkpoint is refused

    def restore(self, model):
        """Put the saved state, if there is one, into a compiled and built model; return the steps
        it has done.
        """
        self.step = 0
        if not self.path.exists():
            return 0
        with np.load(self.path, allow_pickle=False) as saved:
            before = json.loads(str(saved["run"])) if "run" in saved else self.run
            for key, value in self.run.items():
                if before.get(key, value) != value:  # older files lack newer keys
                    raise ValueError(
                        f"{self.path}: its run has {key} {before[key]!r}, this one {value!r}; "
                        "bring data and model to where that run began, or use another file."
                    )
            values = [saved[name] for name in _names(model) if name in saved]
            variables = _variables(model)
            if len(values) != len(variables) or len(set(saved.files) - {"step", "run"}) != len(
                values
            ):
                raise ValueError(
                    f"{self.path}: holds {len(values)} of the variables, the model has "
                    f"{len(variables)}; "
                    "it is a checkpoint of another model or optimizer: remove it or use "
                    "another folder."
                )
            for variable, value in zip(variables, values, strict=True):
                if tuple(variable.shape) != value.shape:
                    raise ValueError(
                        f"{self.path}: {variable.path} has shape {value.shape}, needed "
                        f"{variable.shape}."
                    )
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
            self.step, self.first_step = (*np.atleast_1d(saved["step"]).tolist(), 0)[:2]
        return self.step

    @staticmethod
    def steps_done(path):
        """The steps that the checkpoint at `path` has done; 0 where there is none."""
        if not Path(path).exists():
            return 0
        with np.load(path, allow_pickle=False) as saved:
            return int(saved["step"].flat[0])

    def on_epoch_begin(self, epoch, logs=None):
        self._batch = -1

    def on_train_batch_end(self, batch, logs=None):
        before = self.step
        self.step += batch - self._batch  # more than 1 under steps_per_execution
        self._batch = batch
        if self.step // self.every > before // self.every:
            self.save()

    def on_train_end(self, logs=None):
        self.save()

    def save(self):
        """Write the state, unless it holds NaN or infinity: the last good one stays."""
        self.model.sync_state()
        if not all(np.isfinite(ops.convert_to_numpy(v)).all() for v in self.model.variables):
            return
        values = {
            name: ops.convert_to_numpy(v)
            for name, v in zip(_names(self.model), _variables(self.model), strict=True)
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # every process of a run writes the same file
        part = self.path.with_suffix(f".{backends.process()[0]}.part")
        try:
            with open(part, "wb") as file:
                np.savez(
                    file, step=[self.step, self.first_step], run=json.dumps(self.run), **values
                )
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self.path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise OSError(
                f"{self.path}: checkpoint not written ({error}); the one before is untouched."
            ) from error


def _variables(model):
    return [*model.variables, *model.optimizer.variables]


def _names(model):
    return [f"{i:05d}" for i in range(len(_variables(model)))]


class NaNStop(keras.callbacks.Callback):
    """Stop when the loss is not a number; go back to the weights of the last good epoch."""

    def set_model(self, model):
        super().set_model(model)
        self.good = None

    def on_train_begin(self, logs=None):
        if self.good is None:
            self.epoch, self.good = -1, self._values()

    def on_train_batch_end(self, batch, logs=None):
        if batch % CHECK_EVERY == 0:
            self._look(logs, f"step {batch}")

    def on_epoch_end(self, epoch, logs=None):
        where = f"the end of epoch {epoch + 1}"
        self._look(logs, where)
        values = self._values()
        # The loss of the last step is from before its update: only the weights show what that did.
        if not all(np.isfinite(value).all() for value in values):
            self._stop(f"weights: became NaN or infinite at {where}")
        self.epoch, self.good = epoch, values

    def _values(self):
        return [ops.convert_to_numpy(v).copy() for v in _variables(self.model)]

    def _look(self, logs, where):
        loss = float(logs["loss"])
        if not np.isfinite(loss):
            self._stop(f"loss: became {loss} at {where}")

    def _stop(self, problem):
        self.model.sync_state()
        self._restore()
        kept = (
            f"of the end of epoch {self.epoch + 1}" if self.epoch >= 0 else "from before this fit"
        )
        raise FloatingPointError(
            f"{problem}; the weights {kept} are back. Lower the learning rate, or look for bad "
            "images."
        )

    def _restore(self):
        for variable, value in zip(_variables(self.model), self.good, strict=True):
            variable.assign(value)

    def restore_if_broken(self):
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

    `feature_std` (each step): standard deviation over the batch of the L2-normalised features,
    times sqrt(D): 1 for features spread over the sphere, 0 for a constant. `effective_rank` (each
    epoch): exp of the entropy of the normalised singular values of the centred features of up to
    512 training images (Roy & Vetterli 2007): 1..D.
    """

    LEAST_STD = 0.02
    LEAST_RANK = 1.5
    LEAST_IMAGES = 8  # fewer span no directions to speak of

    def __init__(self, images):
        super().__init__()
        self.images = images
        self.warned = False

    def on_epoch_end(self, epoch, logs=None):
        features = self.model.encode(self.images)
        logs["effective_rank"] = rank = nn.effective_rank(features)
        spread = float(nn.feature_std(features))
        if len(features) < self.LEAST_IMAGES:
            return
        if not self.warned and (spread < self.LEAST_STD or rank < self.LEAST_RANK):
            self.warned = True
            warnings.warn(
                f"The representation has collapsed: after epoch {epoch + 1} the features of "
                f"{len(features)} training images "
                f"have a spread of {spread:.3g} (1 is healthy, 0 a constant) and an effective "
                f"rank of {rank:.1f} of "
                f"{features.shape[1]}. Lower the learning rate, or look at the views (too "
                "easy?) and at the batch size.",
                stacklevel=2,
            )
