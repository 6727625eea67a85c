"""What the closed forms with linear maps of vectors share: one map for each domain, or one."""

from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from sslzoo import inputs
from sslzoo.checks import whole
from sslzoo.training import Verb
from sslzoo.training.closed_form import ClosedForm


class LinearDomains(ClosedForm):
    """Vectors (N, D) of a source and a target -> embeddings (N, size) that can be compared.

    `encode` maps rows of the target, which are what comes in later. `align` maps rows of the
    source. Train a classifier on `align(source)`, and use it on `encode(target)`.

    A subclass gives `maps`.

    Example:
        >>> from sslzoo import methods
        >>> from sslzoo.methods.transfer._linear import LinearDomains
        >>> isinstance(methods.CORAL(4), LinearDomains)
        True
    """

    roles = ("source", "target")
    verbs = {"encode": Verb("embedding"), "align": Verb("embedding")}

    def __init__(self, features: int, size: int, seed: int, name: str | None) -> None:
        super().__init__(reads=inputs.Vectors(whole("features", features, 1)), seed=seed, name=name)
        self.target_map = self._affine("target_map", size, seed + 1)
        self.source_map = self._affine("source_map", size, seed + 1)

    def maps(self, source: NDArray, target: NDArray) -> list[tuple[NDArray, NDArray]]:
        """For float64 rows of both domains, (kernel (D, size), bias (size,)) of the source and of
        the target.
        """
        raise NotImplementedError(f"{type(self).__name__}.maps is missing.")

    def solve(self, data: dict) -> dict[str, float]:
        source, target = (data[role].astype("float64") for role in self.roles)
        networks = self.source_map, self.target_map
        for network, values in zip(networks, self.maps(source, target), strict=True):
            network.set_weights(values)
        apart = self.align(data["source"]).mean(axis=0) - self.encode(data["target"]).mean(axis=0)
        return {
            "mmd_vectors": np.sum((source.mean(axis=0) - target.mean(axis=0)) ** 2),
            "mmd": np.sum(apart**2),
        }

    def _affine(self, name, size, seed):
        """A random map, until `fit`."""
        initializer = keras.initializers.Orthogonal(seed=seed)
        vectors = keras.Input(self.reads.shape, name="vectors")
        layer = layers.Dense(
            size, kernel_initializer=initializer, trainable=False, dtype="float32", name=name
        )
        return keras.Model(vectors, layer(vectors), name=name)

    @property
    def encoder(self) -> keras.Model:
        """Vectors of the target -> embeddings. Before `fit` a random map."""
        return self.target_map

    @property
    def networks(self) -> list:
        return [self.target_map, self.source_map]

    def align(self, vectors: Any, batch_size: int = 256) -> np.ndarray:
        """Embeddings of rows of the source: float32 (N, size). Arguments as for `encode`."""
        return self.apply_verb("align", vectors, batch_size)

    def align_graph(self, vectors: Any) -> Any:
        return self.source_map(vectors)


def centered_map(rows: NDArray, kernel: NDArray) -> tuple[NDArray, NDArray]:
    """The map of rows, minus their mean, by a kernel.

    Example:
        >>> from sslzoo.methods.transfer._linear import centered_map
        >>> centered_map(np.array([[1.0], [3.0]]), np.array([[2.0]]))
        (array([[2.]]), array([-4.]))
    """
    return kernel, -rows.mean(axis=0) @ kernel
