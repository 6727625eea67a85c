"""Adam as a function of weights, for steps inside a training step."""

from typing import Any

import keras
from keras import ops

from sslzoo.nn.state import State

EPSILON = 1e-8


@keras.saving.register_keras_serializable("sslzoo")
class InnerAdam(State):
    """Adam (Kingma & Ba 2015, arXiv:1412.6980) without a first moment: beta_1 = 0.

        v <- decay v + (1 - decay) g^2;  w <- w - rate g / (sqrt(v / (1 - decay^t)) + 1e-8)

    `step` changes no variable. Its state (v of each weight, t) goes in and comes out, and `keep`
    stores it. Stored, it is a part of checkpoints, not of published weights.

    Args:
        shapes: Of the weights.
        rate: The learning rate.
        decay: beta_2. Default: Adam's.

    Example:
        >>> from keras import ops
        >>> from sslzoo import nn
        >>> adam = nn.InnerAdam([(1,)], rate=0.1)
        >>> weights, state = adam.step([ops.ones(1)], [ops.ones(1)], adam.state())
        >>> round(float(weights[0][0]), 3), float(state[1])
        (0.9, 1.0)
    """

    def __init__(
        self, shapes: list, rate: float, decay: float = 0.999, name: str = "inner_adam"
    ) -> None:
        super().__init__(name=name)
        self.rate, self.decay = rate, decay
        self.squares = [
            self._variable(f"squares{number}", shape) for number, shape in enumerate(shapes)
        ]
        self.count = self._variable("count", ())
        self.built = True

    def _variable(self, name: str, shape: tuple) -> Any:
        return self.add_weight(
            shape=tuple(shape),
            initializer="zeros",
            dtype="float32",
            trainable=False,
            aggregation="only_first_replica",  # every replica takes the same steps
            name=name,
        )

    def state(self) -> tuple:
        """(v of each weight, t)."""
        squares = [ops.convert_to_tensor(square) for square in self.squares]
        return squares, ops.convert_to_tensor(self.count)

    def step(self, weights: list, gradients: list, state: tuple) -> tuple[list, tuple]:
        """(new weights, new state)."""
        squares, count = state[0], state[1] + 1.0
        squares = [
            self.decay * v + (1 - self.decay) * ops.square(g)
            for v, g in zip(squares, gradients, strict=True)
        ]
        scale = 1 - self.decay**count
        moved = [
            w - self.rate * g / (ops.sqrt(v / scale) + EPSILON)
            for w, g, v in zip(weights, gradients, squares, strict=True)
        ]
        return moved, (squares, count)

    def keep(self, state: tuple) -> None:
        """The state of the last step is that of the next one."""
        squares, count = state
        for variable, value in zip(self.squares, squares, strict=True):
            variable.assign(value)
        self.count.assign(count)
