"""AdaRNN's weights of time steps, which grow where two periods move apart."""

from typing import Any

import keras
from keras import ops

from sslzoo.nn.state import State


@keras.saving.register_keras_serializable("sslzoo")
class StepWeights(State):
    """The weights w of each pair of periods, layer, and time step, and what boosts them: the means
    of the distances over this epoch and over the one before it.

    Args:
        pairs, layers, steps: the shape of w. At the beginning w is 1 / steps.

    Attributes:
        importance: w, float32 (pairs, layers, steps), rows that sum to 1. Part of checkpoints, not
            of published weights: it is about these data.

    Example:
        >>> from sslzoo import nn
        >>> float(nn.StepWeights(1, 2, steps=4).importance[0, 0, 0])
        0.25
    """

    def __init__(self, pairs: int, layers: int, steps: int, name: str = "step_weights") -> None:
        super().__init__(name=name)
        shape = (pairs, layers, steps)
        self.importance = self._variable("importance", shape, 1.0 / steps)
        self.sums = self._variable("sums", shape, 0.0)
        self.before = self._variable("before", shape, 0.0)
        self.count = self._variable("count", (), 0.0)
        self.built = True

    def _variable(self, name: str, shape: tuple, value: float) -> Any:
        return self.add_weight(
            shape=shape,
            initializer=keras.initializers.Constant(value),
            dtype="float32",
            trainable=False,
            aggregation="only_first_replica",  # every replica sees the global batch
            name=name,
        )

    def add(self, importance: Any, distances: Any) -> None:
        """After a step: the weights that it used and its distances, (pairs, layers, steps) each."""
        self.importance.assign(importance)
        self.sums.assign(self.sums + distances)
        self.count.assign(self.count + 1.0)

    def end_epoch(self, boost: bool) -> None:
        """Close the epoch. boost: change the weights by how its distances differ from those of the
        epoch before it.
        """
        distances = self.sums / ops.maximum(self.count, 1.0)
        if boost:
            self.importance.assign(boosted_weights(self.importance, distances, self.before))
        self.before.assign(distances)
        self.sums.assign(ops.zeros(self.sums.shape))
        self.count.assign(0.0)


def boosted_weights(weights: Any, distances: Any, before: Any) -> Any:
    """The weights of time steps for the next epoch (Du et al. 2021, arXiv:2108.04443, equations 7
    and 8).

    w * (1 + sigmoid(d - d')) where the distance d of this epoch exceeds d', that of the epoch
    before it, else w. Then each row is divided by its sum.

    Args:
        weights: float32 (..., T), not negative.
        distances: float32 (..., T), of this epoch.
        before: float32 (..., T), of the epoch before it.

    Returns:
        float32 (..., T), rows that sum to 1.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> equal, far = np.array([0.5, 0.5], "float32"), np.array([0.0, 99.0], "float32")
        >>> round(float(nn.boosted_weights(equal, far, 0.0 * far)[1]), 3)
        0.667
    """
    weights = ops.cast(weights, "float32")
    growth = ops.cast(distances, "float32") - ops.cast(before, "float32")
    weights = ops.where(growth > 0, weights * (1.0 + ops.sigmoid(growth)), weights)
    return weights / ops.sum(weights, axis=-1, keepdims=True)
