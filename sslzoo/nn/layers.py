"""The layers that every network here is made of, with the constants of the field and seeds of their
own.
"""

import itertools

import keras
from keras import layers, ops

from sslzoo import backends


class Seeds:
    """An endless series of initialiser seeds: the same seed builds the same network on one
    backend.
    """

    def __init__(self, seed):
        self._count = itertools.count(1_000_003 * seed)

    def he(self):
        """He et al. 2015, normal, fan out as in the official ResNet codes."""
        return keras.initializers.VarianceScaling(
            2.0, "fan_out", "truncated_normal", seed=next(self._count)
        )

    def glorot(self):
        return keras.initializers.GlorotUniform(seed=next(self._count))


@keras.saving.register_keras_serializable("sslzoo")
class BatchNorm(layers.BatchNormalization):
    """Keras' BatchNormalization, its training pass over maps (N, H, W, C) by the backend's fused
    kernel where it has one.

    On a CPU that is the largest single gain in the step of a small ResNet. Variables, formula and
    inference are Keras' own; synchronised statistics are too.
    """

    def call(self, inputs, training=None, mask=None):
        fused = backends.fused_batch_norm
        applies = (
            fused
            and training
            and self.trainable
            and len(inputs.shape) == 4
            and self.axis in (-1, 3)
        )
        if not (applies and self.scale and self.center) or self.synchronized:
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance = fused(inputs, self.gamma, self.beta, self.epsilon)
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(
                moving * self.momentum + ops.cast(batch, moving.dtype) * (1.0 - self.momentum)
            )
        return outputs


def batch_norm(name=None, **kwargs):
    """Batch normalisation as in the papers: momentum .9, epsilon 1e-5 (Keras' own are .99 and
    1e-3).

    Statistics are those of the global batch: synchronised over TensorFlow's replicas, global on JAX
    by construction.
    """
    constants = {"momentum": 0.9, "epsilon": 1e-5, "synchronized": backends.replicas() > 1}
    return BatchNorm(name=name, **constants | kwargs)


def image_input(image_size, channels):
    """The input of a network of images, (N, height, width, channels).

    Args:
        image_size: pixels of a square, or [height, width].
        channels: 1 or 3.

    Example:
        >>> from sslzoo.nn.layers import image_input
        >>> image_input([24, 32], 3).shape
        (None, 24, 32, 3)
    """
    sides = [image_size] * 2 if isinstance(image_size, int) else list(image_size)
    return keras.Input((*sides, channels), name="images")
