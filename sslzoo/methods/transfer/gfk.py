import keras
from numpy.typing import NDArray

from sslzoo.checks import whole
from sslzoo.methods.transfer._linear import LinearDomains, centered_map
from sslzoo.nn.subspaces import geodesic_flow, principal_axes


@keras.saving.register_keras_serializable("sslzoo")
class GFK(LinearDomains):
    """Gong, Shi, Sha & Grauman 2012, "Geodesic Flow Kernel for Unsupervised Domain Adaptation",
    CVPR 2012.

        <align(x), encode(y)> = x^T G y,  G = 2 integral_0^1 F(t) F(t)^T dt

    F(t) are the subspaces on the shortest path from the principal directions of the source, F(0),
    to those of the target, F(1). So domains are compared in all subspaces between theirs.
    Embeddings are products with a root of G. Each domain is centered by its own mean.

    Needs: {"source": vectors, "target": vectors}. No labels are read.

    Known weakness: Results change with the number of components. On SURF features of Office-Caltech
    it is about as good as PCA.

    Args:
        features: D, the size of the vectors.
        components: d, the size of each subspace, at most D / 2. Embeddings have 2 d values.

    Example:
        >>> import numpy as np
        >>> import sslzoo
        >>> rng = np.random.default_rng(0)
        >>> source, target = rng.normal(size=(50, 8)), rng.normal(1.0, size=(40, 8))
        >>> model = sslzoo.methods.GFK(features=8, components=3)
        >>> _ = model.fit({"source": source, "target": target})
        >>> model.encode(target).shape
        (40, 6)
    """

    def __init__(
        self, features: int, components: int = 20, seed: int = 0, name: str | None = None
    ) -> None:
        most = max(1, whole("features", features, 2) // 2)
        self.components = whole("components", components, 1, most)
        super().__init__(features, 2 * components, seed, name)

    def maps(self, source: NDArray, target: NDArray) -> list[tuple[NDArray, NDArray]]:
        flow = geodesic_flow(*(principal_axes(rows, self.components) for rows in (source, target)))
        return [centered_map(source, flow), centered_map(target, flow)]
