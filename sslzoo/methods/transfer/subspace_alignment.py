import keras
from numpy.typing import NDArray

from sslzoo.checks import whole
from sslzoo.methods.transfer._linear import LinearDomains, centered_map
from sslzoo.nn.subspaces import principal_axes


@keras.saving.register_keras_serializable("sslzoo")
class SubspaceAlignment(LinearDomains):
    """Fernando, Habrard, Sebban & Tuytelaars 2013, "Unsupervised Visual Domain Adaptation Using
    Subspace Alignment", ICCV 2013.

        align(x) = (x - m_s) P_s P_s^T P_t,  encode(x) = (x - m_t) P_t

    P are the principal directions (D, d) of each domain, m its mean. The source's coordinates are
    turned towards the target's: of all matrices M, P_s^T P_t minimizes |P_s M - P_t|.

    Needs: {"source": vectors, "target": vectors}. No labels are read.

    Known weakness: Each domain keeps its own variance along the common directions, and classes are
    not seen.

    Args:
        features: D, the size of the vectors.
        components: d. The paper bounds it by the stability of the directions; it has 80 at most.

    Example:
        >>> import numpy as np
        >>> import sslzoo
        >>> rng = np.random.default_rng(0)
        >>> source, target = rng.normal(size=(50, 8)), rng.normal(1.0, size=(40, 8))
        >>> model = sslzoo.methods.SubspaceAlignment(features=8, components=3)
        >>> _ = model.fit({"source": source, "target": target})
        >>> model.align(source).shape, model.encode(target).shape
        ((50, 3), (40, 3))
    """

    def __init__(
        self, features: int, components: int = 20, seed: int = 0, name: str | None = None
    ) -> None:
        self.components = whole("components", components, 1, whole("features", features, 1))
        super().__init__(features, components, seed, name)

    def maps(self, source: NDArray, target: NDArray) -> list[tuple[NDArray, NDArray]]:
        own, other = (principal_axes(rows, self.components) for rows in (source, target))
        return [
            centered_map(source, own @ (own.T @ other)),
            centered_map(target, other),
        ]
