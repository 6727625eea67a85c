import keras
import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import above, refused
from sslzoo.methods.transfer._linear import LinearDomains
from sslzoo.nn.subspaces import recoloring


@keras.saving.register_keras_serializable("sslzoo")
class CORAL(LinearDomains):
    """Sun, Feng & Saenko 2016, "Return of Frustratingly Easy Domain Adaptation", AAAI,
    arXiv:1511.05547.

        align(x) = (x - m_s) (C_s + I)^(-1/2) (C_t + I)^(1/2) + m_t,  encode(x) = x

    C are the covariances of each domain, m its mean. The source gets the target's second moments.
    The target stays as it is.

    Needs: {"source": vectors, "target": vectors}, scaled alike: the paper standardizes each domain,
    and then both means are zero. No labels are read.

    Known weakness: It costs D^3, sees second moments alone, and does not see classes.

    Args:
        features: D, the size of the vectors.
        ridge: Added to the diagonal of both covariances. The paper has 1, for standardized vectors.

    Example:
        >>> import numpy as np
        >>> import sslzoo
        >>> rng = np.random.default_rng(0)
        >>> source, target = rng.normal(size=(50, 8)), 3 * rng.normal(size=(40, 8))
        >>> model = sslzoo.methods.CORAL(features=8, ridge=0.1)
        >>> _ = model.fit({"source": source, "target": target})
        >>> bool(model.align(source).std() > 2)
        True
    """

    def __init__(
        self, features: int, ridge: float = 1.0, seed: int = 0, name: str | None = None
    ) -> None:
        super().__init__(features, features, seed, name)
        self.ridge = above("ridge", ridge, 0)

    def maps(self, source: NDArray, target: NDArray) -> list[tuple[NDArray, NDArray]]:
        for role, rows in zip(self.roles, (source, target), strict=True):
            if len(rows) < 2:
                raise refused(role, f"{len(rows)} row", "have at least 2, for a covariance")
        kernel = recoloring(source, target, self.ridge)
        bias = target.mean(axis=0) - source.mean(axis=0) @ kernel
        unchanged = np.eye(target.shape[1]), np.zeros(target.shape[1])
        return [(kernel, bias), unchanged]
