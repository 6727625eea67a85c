"""How long a `fit` will take, said after its first steps."""

import time
from typing import Any

import keras

from sslzoo.notices import notice
from sslzoo.words import duration

# Seconds:
LEAST = 60.0  # of a whole `fit` that is worth a word
LONG = 3600.0  # of a whole `fit`, from which on the word says what would be quicker
MEASURED = 2.0  # of steps, enough for an estimate
SLOW = 30.0  # of a first step, with its compilation, that needs a word before the second


class Pace(keras.callbacks.Callback):
    """Says once, after the first steps, how long an epoch and the rest of the training will take.
    Where that is long, it adds what would be quicker. A slow first step is said before.

    Args:
        steps: that are left to do. per_epoch: steps of an epoch.

    Example:
        >>> import sslzoo
        >>> from sslzoo.training.pace import Pace
        >>> pace = Pace(steps=1000, per_epoch=10)
        >>> pace.message(2.0)
        'An epoch takes about 20 s, the rest of the training about 33 min 20 s.'
        >>> pace.set_model(sslzoo.build("simclr", "micro", 8))
        >>> print(pace.message(360.0).replace(". ", ".\\n"))
        An epoch takes about 1 h 0 min, the rest of the training about 100 h 0 min.
        On this machine, fewer epochs, a smaller network than one of 1,464 weights, or images of 4 \
pixels instead of 8 (about a quarter of the time) are quicker.
        A smaller batch shows progress sooner.
    """

    def __init__(self, steps: int, per_epoch: int) -> None:
        super().__init__()
        self.steps, self.per_epoch = steps, per_epoch
        self.said = False

    def on_train_begin(self, logs: Any = None) -> None:
        self.begun = time.perf_counter()
        self.first, self.done = None, 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.batch = -1

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.done += batch - self.batch  # more than 1 under steps_per_execution
        self.batch = batch
        if self.said:
            return
        float(logs["loss"])  # waits for the device
        now = time.perf_counter()
        if self.first is None:
            self.say_first(now - self.begun)
            self.first, self.begun = self.done, now
        elif now - self.begun >= MEASURED:
            self.say((now - self.begun) / (self.done - self.first))

    def say_first(self, seconds: float) -> None:
        """Give notice of a slow first step: how much of it is compilation, the second will tell."""
        if seconds >= SLOW and self.done < self.steps:
            most = duration(seconds / self.done * self.per_epoch)
            notice(
                f"The first step took {duration(seconds)}, compilation included. An epoch takes "
                f"{most} at most."
            )

    def say(self, seconds: float) -> None:
        """Give notice of the pace, unless little is left to do."""
        self.said = True
        if seconds * self.steps >= LEAST:
            notice(self.message(seconds))

    def message(self, seconds: float) -> str:
        """What is said of a step that takes so many seconds."""
        epoch, left = duration(seconds * self.per_epoch), seconds * self.steps
        text = f"An epoch takes about {epoch}, the rest of the training about {duration(left)}."
        return f"{text} {self._quicker()}" if left >= LONG else text

    def _quicker(self):
        """What would take less time on this machine."""
        network, size = self.model.backbone, getattr(self.model.reads, "height", None)
        ways = ["fewer epochs"]
        if network is not None:
            ways.append(f"a smaller network than one of {network.count_params():,} weights")
        if size is not None:
            quarter = (
                f"images of {size // 2} pixels instead of {size} (about a quarter of the time)"
            )
            ways.append(quarter)
        *others, last = ways
        listed = f"{', '.join(others)}, or {last}" if others else last
        return f"On this machine, {listed} are quicker. A smaller batch shows progress sooner."
