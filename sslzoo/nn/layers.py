"""The layers that every network here is made of, with the constants of the field and seeds of their own."""

import itertools

import keras
from keras import layers

from sslzoo import backends


class Seeds:
    """An endless series of initialiser seeds: the same seed builds the same network on one backend."""

    def __init__(self, seed):
        self._count = itertools.count(1_000_003 * seed)

    def he(self):
        """He et al. 2015, normal, fan out as in the official ResNet codes."""
        return keras.initializers.VarianceScaling(2.0, "fan_out", "truncated_normal", seed=next(self._count))

    def glorot(self):
        return keras.initializers.GlorotUniform(seed=next(self._count))


def batch_norm(name=None, **kwargs):
    """Batch normalisation as in the papers: momentum .9, epsilon 1e-5 (Keras' own are .99 and 1e-3).

    Statistics are those of the global batch: synchronised over TensorFlow's replicas, global on JAX by construction.
    """
    return layers.BatchNormalization(
        momentum=0.9, epsilon=1e-5, synchronized=backends.replicas() > 1, name=name, **kwargs
    )
