"""A Transformer of series: (N, T, F) -> features (N, D), the last token."""

from typing import Any

import keras
from keras import layers

from sslzoo.checks import refused, whole
from sslzoo.nn.layers import Seeds
from sslzoo.nn.vit import block, layer_norm


@keras.saving.register_keras_serializable("sslzoo")
class StepPositions(layers.Layer):
    """Tokens (N, T, D) -> the tokens plus a learned position of each step.

    The variable is `positions` (T, D).

    Args:
        seed: Random seed of the positions.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.step_transformer import StepPositions
        >>> tuple(StepPositions()(np.zeros((2, 5, 8), "float32")).shape)
        (2, 5, 8)
    """

    def __init__(self, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed

    def build(self, input_shape: tuple) -> None:
        start = keras.initializers.TruncatedNormal(stddev=0.02, seed=self.seed)
        self.positions = self.add_weight(tuple(input_shape[1:]), start, name="positions")

    def call(self, tokens: Any) -> Any:
        return tokens + self.positions

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return super().get_config() | {"seed": self.seed}


def series_transformer(
    name: str,
    steps: int = 24,
    features: int = 6,
    width: int = 64,
    depth: int = 2,
    heads: int = 4,
    seed: int = 0,
) -> keras.Model:
    """An encoder of `depth` blocks (Vaswani et al. 2017, arXiv:1706.03762), with the pre-norm
    blocks of `sslzoo.nn.vit`.

    Each step is a token, with a learned position. All tokens see each other. The features are the
    normalized last token, the one before what a forecast is about. Token states behind block k are
    the output of the layer "block<k>".

    Args:
        name: Name of the network.
        steps: T, a number: positions belong to it.
        features: F of the series.
        width: D of the tokens. Default: as wide as AdaRNN's recurrent network.
        depth: Number of blocks.
        heads: Attention heads, a divisor of `width`.
        seed: Random seed of the weights.

    Returns:
        A Functional model (N, T, F) -> (N, D).

    Raises:
        ValueError: no number of steps, or heads that do not divide the width.

    Example:
        >>> from sslzoo import nn
        >>> nn.backbone("series_transformer", steps=24, features=6).output_shape
        (None, 64)
    """
    whole("steps", steps, 1)
    if width % whole("heads", heads, 1):
        raise refused("heads", heads, f"divide {width}, the width")
    seeds, others = Seeds(seed), 1_000_003 * seed + 500_000  # which `seeds` does not reach
    inputs = keras.Input((steps, features), name="series")
    x = layers.Dense(width, kernel_initializer=seeds.glorot(), name="tokens")(inputs)  # (N, T, D)
    x = StepPositions(others, name="step_positions")(x)
    for index in range(1, depth + 1):
        x = block(x, heads, f"block{index}", seeds, start=seeds.glorot)
    return keras.Model(inputs, layer_norm("norm")(x)[:, -1], name=name)
