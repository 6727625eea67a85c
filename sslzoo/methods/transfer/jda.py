import keras
import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import whole
from sslzoo.evaluate.nearest import nearest
from sslzoo.methods.transfer.tca import TCA
from sslzoo.nn.transfer_components import mean_difference


@keras.saving.register_keras_serializable("sslzoo")
class JDA(TCA):
    """Long, Wang, Ding, Sun & Yu 2013, "Transfer Feature Learning with Joint Distribution
    Adaptation", ICCV 2013, pages 2200-2207.

        z = K W
        W minimizes the trace of W^T (K (L_0 + sum_c L_c) K + mu I) W, subject to W^T K H K W = I

    L_0 = e e^T compares the means of the domains, as in TCA. L_c compares the means of class c. The
    target has no labels: it gets those of its nearest source rows in the last embedding, and all is
    solved again.

    Needs: {"source": {"vectors", "labels"}, "target": vectors}. Labels of the target are not read.

    Known weakness: Wrong labels of the first rounds can reinforce themselves. It matches means
    alone.

    Args:
        iterations: How often the target is labeled anew. The paper has 10. It ends early when no
            label changes.
        features, components, kernel, mu, unit_length, gamma, size: As for `TCA`, in its form of
            2011. L_0 is weighed by the number of classes, as in jindongwang/transferlearning.

    Example:
        >>> import numpy as np
        >>> import sslzoo
        >>> rng = np.random.default_rng(0)
        >>> labels = np.arange(50) % 2
        >>> source = {"vectors": rng.normal(size=(50, 8)) + 3 * labels[:, None], "labels": labels}
        >>> target = rng.normal(1.0, size=(40, 8))
        >>> model = sslzoo.methods.JDA(features=8, components=3)
        >>> _ = model.fit({"source": source, "target": target})
        >>> model.encode(target).shape
        (40, 3)
    """

    labeled = ("source",)

    def __init__(
        self,
        features: int,
        components: int = 30,
        kernel: str = "linear",
        mu: float = 1.0,
        iterations: int = 10,
        unit_length: bool = True,
        gamma: float | None = None,
        size: int | None = None,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(
            features,
            components,
            kernel,
            mu,
            unit_length=unit_length,
            gamma=gamma,
            size=size,
            seed=seed,
            name=name,
        )
        self.iterations = whole("iterations", iterations, 1)

    def solve(self, data: dict) -> dict[str, float]:
        labels, guesses = data["source_labels"], None
        whole_domains = mean_difference(*(len(data[role]) for role in self.roles))
        rounds = 0
        while rounds < self.iterations:
            columns = [np.sqrt(labels.max() + 1) * whole_domains]
            if guesses is not None:
                columns += class_differences(labels, guesses)
            self.match(data, np.stack(columns, axis=1))
            rounds, before = rounds + 1, guesses
            guesses = self._guesses(data, labels)
            if np.array_equal(guesses, before):
                break
        return {**self.distances(data), "rounds": rounds}

    def _guesses(self, data, labels):
        """The label of the nearest source row of each target row."""
        source, target = (self.encode(data[role]) for role in self.roles)
        rows = np.concatenate([rows[:, 0] for _, rows in nearest(source, target, 1)])
        return labels[rows]


def class_differences(labels: NDArray, guesses: NDArray) -> list[NDArray]:
    """For each class e_c (N,), whose product with values (N,) is the mean over the class in the
    source minus that in the target. A class without guesses has none.

    Example:
        >>> from sslzoo.methods.transfer.jda import class_differences
        >>> class_differences(np.array([0, 0, 1]), np.array([0, 0]))
        [array([ 0.5,  0.5,  0. , -0.5, -0.5])]
    """
    columns = []
    for label in np.unique(guesses):
        source, target = labels == label, guesses == label
        columns.append(np.concatenate([source / source.sum(), target / -target.sum()]))
    return columns
