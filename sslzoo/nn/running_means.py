"""Means over the steps of a run."""

from typing import Any

from keras import initializers, ops

from sslzoo.nn.state import State

PREFIX = "running_"  # of the fields of a batch that hold their next values


class RunningMeans(State):
    """Named means that each step moves a little: m <- momentum m + (1 - momentum) value.

    `next` is what a mean will be after this step, without a change of state: the losses may read
    it. `move` makes it so. Checkpoints hold the means, published weights do not.

    Args:
        momentum: of all of them.
        first: {name: value before the first step}, a number or a list.

    Example:
        >>> from sslzoo import nn
        >>> means = nn.RunningMeans(0.5, {"confidence": 0.1})
        >>> after = means.next("confidence", 0.3)
        >>> means.move({"running_confidence": after})
        >>> round(float(means.of("confidence")), 3)
        0.2
    """

    def __init__(self, momentum: float, first: dict[str, Any], name: str = "run_state") -> None:
        super().__init__(name=name)
        self.momentum = momentum
        for key, value in first.items():
            variable = self.add_weight(
                shape=(len(value),) if isinstance(value, list) else (),
                initializer=initializers.Zeros(),
                dtype="float32",
                trainable=False,
                aggregation="only_first_replica",  # each has the mean of the global batch
                name=key,
            )
            variable.assign(value)
            setattr(self, PREFIX + key, variable)
        self.names = tuple(first)
        self.built = True

    def of(self, name: str) -> Any:
        """The mean as it is."""
        return getattr(self, PREFIX + name).value

    def next(self, name: str, value: Any) -> Any:
        """The mean after this step, a constant."""
        value = ops.stop_gradient(ops.cast(value, "float32"))
        return self.momentum * self.of(name) + (1.0 - self.momentum) * value

    def move(self, batch: dict) -> None:
        """Take on the next values that the batch holds."""
        for name in self.names:
            if PREFIX + name in batch:
                getattr(self, PREFIX + name).assign(batch[PREFIX + name])
