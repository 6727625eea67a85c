"""`python killed_runs.py FOLDER`: iCaRL on three tasks of digits, whole, killed three times, and
interrupted once.
"""

import json
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import driver
import harness
import keras

from sslzoo import data, evaluate, nn, optim
from sslzoo.evaluate.protocols import incremental
from sslzoo.methods.incremental.icarl import ICaRL

STEPS = [16, 14, 12]  # of the three tasks, two epochs each, with their exemplars


class StopAt(keras.callbacks.Callback):
    """Calls `stop` after a number of steps."""

    def __init__(self, steps, stop):
        super().__init__()
        self.left, self.stop = steps, stop

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            self.stop()


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt():
    raise KeyboardInterrupt


def recipe(total_steps):
    return optim.build("sgd", optim.WarmupCosine(0.1, 2, total_steps), momentum=0.9)


def life(folder, end, prepare=lambda: None, callbacks=(), twice=False):
    """The script of a user: the same lines whether the run is new or was interrupted."""
    prepare()
    stream = data.TaskStream(
        *(data.load("digits", split=split) for split in ("train", "test")), tasks=3, seed=0
    )
    model = ICaRL(
        nn.backbone("mlp", 8, channels=1, widths=[16]), classes=10, exemplars=60, augment="digits"
    )
    model.compile(recipe)

    def run(callbacks):
        return evaluate.incremental(
            model,
            stream,
            epochs=2,
            batch_size=64,
            checkpoint=folder / end,
            checkpoint_every=5,
            callbacks=callbacks,
        )

    if twice:
        try:
            run(callbacks)
            raise AssertionError("it was not interrupted")
        except KeyboardInterrupt:
            callbacks = ()
    record = run(callbacks)
    harness.write(
        folder / f"{end}.npz", {f"{i:03d}": value for i, value in enumerate(harness.state(model))}
    )
    (folder / f"{end}.json").write_text(json.dumps(record))


def die_in(owner, method, call):
    """Prepare to be killed at the beginning of the n-th call of a method of a class."""

    def prepare():
        original, calls = getattr(owner, method), []

        def dying(*args, **kwargs):
            calls.append(0)
            if len(calls) == call:
                kill()
            return original(*args, **kwargs)

        setattr(owner, method, dying)

    return prepare


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    inside = sum(STEPS[:1]) + 13  # in the second epoch of the second task
    killed = {"callbacks": [StopAt(inside, kill)]}
    assert driver.fork(life, folder, "killed", **killed) == -signal.SIGKILL
    # The second task is trained, its exemplars are not chosen.
    assert driver.fork(life, folder, "killed", die_in(ICaRL, "choose", 1)) == -signal.SIGKILL
    # The second task has ended and is saved, it is not tested.
    assert (
        driver.fork(life, folder, "killed", die_in(incremental._Rows, "append", 1))
        == -signal.SIGKILL
    )
    assert driver.fork(life, folder, "killed") == 0
    assert (
        driver.fork(life, folder, "interrupted", callbacks=[StopAt(inside, interrupt)], twice=True)
        == 0
    )
    assert driver.fork(life, folder, "whole") == 0
    assert json.loads((folder / "whole.json").read_text())["settings"]["steps"] == STEPS
