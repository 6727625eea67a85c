import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from sslzoo import inputs
from sslzoo.checks import above, one_of, refused, whole
from sslzoo.nn.anchors import Anchors
from sslzoo.nn.transfer_components import (
    FORMS,
    linear_components,
    mean_difference,
    rbf_kernel,
    transfer_components,
)
from sslzoo.rows import unit_rows
from sslzoo.training.closed_form import ClosedForm

KERNELS = ("linear", "rbf")


@keras.saving.register_keras_serializable("sslzoo")
class TCA(ClosedForm):
    """Pan, Tsang, Kwok & Yang 2011, "Domain Adaptation via Transfer Component Analysis", IEEE TNN
    22(2), pages 199-210. First at IJCAI 2009.

        z = K W
        W minimizes the trace of W^T (K L K + mu I) W, subject to W^T K H K W = I
        L = e e^T with e = (1 / n_s, ..., -1 / n_t, ...), H = I - 1 1^T / n

    K is the kernel of all source and target rows. The domains get nearly the same mean, and the
    variance of all rows is kept. The problem is solved in closed form from vectors. No labels are
    read.

    Needs: {"source": vectors, "target": vectors}.

    Known weakness: It matches linear features of a kernel in their mean alone, and does not see
    classes. On Office-Caltech10, PCA with as many components is about as good for rows of length 1.

    Args:
        features: D, the size of the vectors.
        components: Size of the embedding. jindongwang/transferlearning has 30.
        kernel: "linear", k(x, y) = x y, or "rbf", k(x, y) = exp(-gamma |x - y|^2).
        mu: Trade-off, above 0. A larger one adapts less in "2011" and more in "2009". L is divided
            by its norm 1 / n_s + 1 / n_t, as in jindongwang/transferlearning, whose lambda of 1
            this is. The paper does not divide. Its mu is this one times that norm in "2011", and
            divided by it in "2009".
        form: "2011" weighs mu I, "2009" weighs mu K L K.
        unit_length: Whether vectors and embeddings are scaled to length 1, as in
            jindongwang/transferlearning. Its map of new rows leaves both out. Here new rows are
            treated like the rows of `fit`.
        whiten: Whether components have equal variance, the paper's constraint. Otherwise the
            columns of W have length 1, as in jindongwang/transferlearning.
        gamma: For "rbf" alone. Default: 1, as there, which fits rows of length 1.
        size: For "rbf" alone, which needs it: the most rows of source and target together. The
            model keeps them for the kernel with new rows.

    Example:
        >>> import numpy as np
        >>> import sslzoo
        >>> rng = np.random.default_rng(0)
        >>> source, target = rng.normal(size=(50, 8)), rng.normal(1.0, size=(40, 8))
        >>> model = sslzoo.methods.TCA(features=8, components=3)
        >>> _ = model.fit({"source": source, "target": target})
        >>> model.encode(target).shape
        (40, 3)
    """

    roles = ("source", "target")

    def __init__(
        self,
        features: int,
        components: int = 30,
        kernel: str = "linear",
        mu: float = 1.0,
        form: str = "2011",
        unit_length: bool = True,
        whiten: bool = False,
        gamma: float | None = None,
        size: int | None = None,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(reads=inputs.Vectors(whole("features", features, 1)), seed=seed, name=name)
        self.kernel = one_of("kernel", kernel, KERNELS)
        most = features if kernel == "linear" else None
        self.components = whole("components", components, 1, most)
        self.mu, self.form = above("mu", mu, 0), one_of("form", form, FORMS)
        self.unit_length, self.whiten = unit_length, whiten
        self.anchors = None
        if kernel == "rbf":
            gamma = above("gamma", 1.0 if gamma is None else gamma, 0)
            self.anchors = Anchors(whole("size", size, 1), features, gamma, seed)
        elif (gamma, size) != (None, None):
            raise refused("kernel", "'linear' with gamma or size", "be 'rbf' with them")
        self.projection = layers.Dense(
            components,
            use_bias=False,
            kernel_initializer=keras.initializers.Orthogonal(seed=seed + 1),
            trainable=False,
            dtype="float32",
            name="projection",
        )
        self.network = self._network()

    def _network(self):
        """Vectors (N, D) -> embeddings (N, components)."""
        steps = [self.anchors, self.projection]
        if self.unit_length:
            steps = [_unit("unit_vectors"), *steps, _unit("unit_embeddings")]
        x = vectors = keras.Input(self.reads.shape, name="vectors")
        for step in steps:
            x = x if step is None else step(x)
        return keras.Model(vectors, x, name="tca")

    @property
    def encoder(self) -> keras.Model:
        """Vectors -> embeddings. Before `fit` a random map."""
        return self.network

    def solve(self, data: dict) -> dict[str, float]:
        difference = mean_difference(*(len(data[role]) for role in self.roles))
        self.match(data, difference)
        return self.distances(data)

    def match(self, data: dict, differences: NDArray) -> None:
        """Set the map whose `differences` (N,) or (N, R) of embeddings are small, see
        `sslzoo.nn.transfer_components`. Rows are those of the source, then those of the target.
        """
        rows = np.concatenate([data[role] for role in self.roles]).astype("float64")  # (N, D)
        if self.unit_length:
            rows = unit_rows(rows)
        columns = differences.reshape(len(rows), -1)
        # L = E E^T gets norm 1.
        e = columns / np.sqrt(np.linalg.norm(columns.T @ columns))
        settings = (self.components, self.mu, self.form, self.whiten)
        if self.kernel == "linear":
            weights = linear_components(rows, e, *settings)  # (D, components)
        else:
            self.anchors.check(rows)
            # The kernel of the anchors as they are stored.
            rows = rows.astype("float32").astype("float64")
            kernel = rbf_kernel(rows, rows, self.anchors.gamma)
            weights = self.anchors.padded(transfer_components(kernel, e, *settings))
            self.anchors.rows.assign(self.anchors.padded(rows))
        self.projection.kernel.assign(weights)

    def distances(self, data: dict) -> dict[str, float]:
        """The squared distances of the domains' means, of vectors and of embeddings."""
        source, target = (data[role].astype("float64") for role in self.roles)
        if self.unit_length:
            source, target = unit_rows(source), unit_rows(target)
        embeddings = [self.encode(data[role]).mean(axis=0) for role in self.roles]
        return {
            "mmd_vectors": np.sum((source.mean(axis=0) - target.mean(axis=0)) ** 2),
            "mmd": np.sum((embeddings[0] - embeddings[1]) ** 2),
        }


def _unit(name):
    return layers.UnitNormalization(dtype="float32", name=name)
