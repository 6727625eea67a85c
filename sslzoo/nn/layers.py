"""The layers that every network here is made of, with the constants of the field and seeds of their
own.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from sslzoo import backends
from sslzoo.checks import one_of, whole

MOST_PIXELS = 2**13  # of a side of what a network reads


class Seeds:
    """An endless series of initializer seeds: the same seed builds the same network on one
    backend.

    Example:
        >>> from sslzoo.nn.layers import Seeds
        >>> Seeds(0).he().seed == Seeds(0).he().seed
        True
    """

    def __init__(self, seed: int) -> None:
        self._count = itertools.count(1_000_003 * seed)

    def he(self) -> keras.initializers.Initializer:
        """He et al. 2015, normal, fan out as in the official ResNet codes."""
        return keras.initializers.VarianceScaling(
            2.0, "fan_out", "truncated_normal", seed=next(self._count)
        )

    def glorot(self) -> keras.initializers.Initializer:
        """Glorot & Bengio 2010, uniform: Keras' default."""
        return keras.initializers.GlorotUniform(seed=next(self._count))

    def normal(self) -> keras.initializers.Initializer:
        """Normal of deviation 0.02, truncated: that of vision transformers (timm, DINO)."""
        return keras.initializers.TruncatedNormal(stddev=0.02, seed=next(self._count))

    def fan_in(self) -> keras.initializers.Initializer:
        """Uniform in -1 / sqrt(inputs)..1 / sqrt(inputs): torch's default."""
        return keras.initializers.VarianceScaling(
            1 / 3, "fan_in", "uniform", seed=next(self._count)
        )

    def uniform(self, limit: float) -> keras.initializers.Initializer:
        """Uniform in -limit..limit."""
        return keras.initializers.RandomUniform(-limit, limit, seed=next(self._count))


@keras.saving.register_keras_serializable("sslzoo")
class BatchNorm(layers.BatchNormalization):
    """Keras' BatchNormalization, its training pass over maps (N, H, W, C) by the backend's fused
    kernel where it has one.

    On a CPU that is the largest single gain in the step of a small ResNet. Variables, formula and
    inference are Keras' own; synchronized statistics are too.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.layers import BatchNorm
        >>> tuple(BatchNorm()(np.ones((2, 4, 4, 3), "float32"), training=True).shape)
        (2, 4, 4, 3)
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        fused = backends.fused_batch_norm
        if not (fused and training and self._is_plain(inputs)):
            return super().call(inputs, training=training, mask=mask)
        outputs, *statistics = fused(inputs, self.gamma, self.beta, self.epsilon)
        moved = self.moving_mean, self.moving_variance
        for moving, batch in zip(moved, statistics, strict=True):
            new = ops.cast(batch, moving.dtype) * (1.0 - self.momentum)
            moving.assign(moving * self.momentum + new)
        return outputs

    def _is_plain(self, inputs: Any) -> bool:
        """Whether the fused kernel computes what is asked for."""
        maps = len(inputs.shape) == 4 and self.axis in (-1, 3)
        affine = self.scale and self.center
        return maps and affine and self.trainable and not self.synchronized


def batch_norm(name: str | None = None, **kwargs: Any) -> BatchNorm:
    """Batch normalization as in the papers: momentum 0.9, epsilon 1e-5 (Keras' own are 0.99 and
    1e-3).

    Statistics are those of the global batch: synchronized over TensorFlow's replicas, global on JAX
    by construction.

    Example:
        >>> from sslzoo.nn.layers import batch_norm
        >>> batch_norm("norm").momentum
        0.9
    """
    constants = {"momentum": 0.9, "epsilon": 1e-5, "synchronized": backends.replicas() > 1}
    return BatchNorm(name=name, **constants | kwargs)


def image_input(image_size: int | Sequence[int], channels: int) -> keras.KerasTensor:
    """The input of a network of images, (N, height, width, channels).

    Args:
        image_size: pixels of a square, or [height, width].
        channels: 1 or 3.

    Example:
        >>> from sslzoo.nn.layers import image_input
        >>> image_input([24, 32], 3).shape
        (None, 24, 32, 3)
    """
    sides = list(image_size) if isinstance(image_size, (list, tuple)) else [image_size] * 2
    one_of("channels", channels, (1, 3))
    sides = [whole("image_size", side, 1, MOST_PIXELS) for side in sides]
    return keras.Input((*sides, channels), name="images")
