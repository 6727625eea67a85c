"""Where a run is: what schedules inside a method read."""

from typing import Any

import keras
from keras import ops

from sslzoo import optim
from sslzoo.nn.state import State


@keras.saving.register_keras_serializable("sslzoo")
class Clock(State):
    """Counts the steps of a `fit`, as variables that a compiled step may read.

    Attributes:
        step: int32, of the step that runs now, from 0. It goes on in a resumed run.
        total: int32, the steps of the whole `fit`; 0 where its length is not known.
        per_epoch: int32, the steps of an epoch; 0 where that is not known.

    Example:
        >>> from sslzoo.training.clock import Clock
        >>> clock = Clock()
        >>> clock.start(5, total=10, per_epoch=5)
        >>> float(clock.progress())
        0.5
    """

    def __init__(self, name: str = "clock") -> None:
        super().__init__(name=name)
        for part in ("step", "total", "per_epoch"):
            variable = self.add_weight(
                shape=(),
                dtype="int32",
                initializer="zeros",
                trainable=False,
                aggregation="only_first_replica",
                name=part,
            )
            setattr(self, part, variable)
        self.built = True

    def start(self, step: int, total: int | None, per_epoch: int | None) -> None:
        """Set the clock to a step of a `fit`; None for what is not known."""
        self.step.assign(step)
        self.total.assign(total or 0)
        self.per_epoch.assign(per_epoch or 0)

    def tick(self) -> None:
        """The step is over."""
        self.step.assign(self.step + 1)

    def progress(self) -> Any:
        """The share of the `fit` that is done, float32 in 0..1; 1 where its length is not known."""
        total = ops.cast(self.total, "float32")
        share = ops.cast(self.step, "float32") / ops.maximum(total, 1.0)
        return ops.where(total > 0, ops.minimum(share, 1.0), 1.0)

    def epoch(self) -> Any:
        """The epoch that the step belongs to, int32 from 0; 0 where its length is not known."""
        return self.step // ops.maximum(self.per_epoch, 1) * ops.cast(self.per_epoch > 0, "int32")

    def cosine_momentum(self, base: float) -> Any:
        """The momentum of a target network at this step: `optim.cosine_ema` from `base` to 1 over
        the `fit`; `base` where its length is not known.
        """
        momentum = optim.cosine_ema(self.step, ops.maximum(self.total, 1), base)
        return ops.where(self.total > 0, momentum, base)
