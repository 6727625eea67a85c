from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import losses, nn
from sslzoo.checks import refused, whole
from sslzoo.data.balanced import balanced_rows
from sslzoo.methods.clustering._whole_set import WholeSet
from sslzoo.nn.kmeans import kmeans, whitened
from sslzoo.training import Method


@keras.saving.register_keras_serializable("sslzoo")
class DeepCluster(WholeSet, Method):
    """Caron et al. 2018, "Deep Clustering for Unsupervised Learning of Visual Features",
    arXiv:1807.05520.

    Before each epoch, k-means clusters the features of all items. They are reduced to their
    principal components, whitened and scaled to length 1. The clusters are the labels of the epoch:

        loss = -log softmax(classifier(f(view)))[cluster of the item]

    The loss is the mean over the batch. A new clustering has other numbers for the same clusters,
    so the classifier and its optimizer state begin anew. An epoch draws as many items of each
    cluster, or large clusters would teach the network a constant. No cluster is empty. See
    `sslzoo.nn.kmeans`: FAISS where it is installed, else scikit-learn.

    The paper's AlexNet sees edges alone, by a fixed Sobel filter. Here the backbone sees colors.
    The code (facebookresearch/deepcluster, main.py) trains the classifier by plain SGD. Here it
    has the optimizer of the network.

    Needs: images as arrays or a `Dataset`. The whole set is clustered.

    Known weakness: The labels change every epoch, so that it learns slowly. Without the Sobel
    filter, clusters may follow colors.

    Args:
        backbone: Network from items to features (N, D).
        samples: The most items of a training set: the size of the memory of their clusters.
        clusters: k. The paper has 10000 for ImageNet's 1000 classes.
        components: Principal components that are kept. The paper has 256.
        iterations: Of k-means. The code has 20.
        augment: A preset or fields of `sslzoo.augment`, or a layer.

    Attributes:
        assignments: int32 (samples,), the clusters; -1 where there is no item. Checkpoints hold it.
            Weights files do not.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("deepcluster", "micro", 8, samples=64, clusters=10)
        >>> images = sslzoo.data.load("digits").images[:64]
        >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    recipe = {  # facebookresearch/deepcluster, main.py
        "optimizer": {"name": "sgd", "learning_rate": 0.05, "momentum": 0.9, "weight_decay": 1e-5},
        "schedule": "constant",
    }

    def __init__(
        self,
        backbone: keras.Model,
        samples: int,
        clusters: int = 10000,
        components: int = 256,
        iterations: int = 20,
        augment: Any = "deepcluster",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        self.samples = whole("samples", samples, 1)
        self.clusters = self.most_clusters = whole("clusters", clusters, 2)
        if clusters > samples:
            raise refused("clusters", clusters, f"be at most {samples}, the samples")
        self.components = whole("components", components, 1)
        self.iterations = whole("iterations", iterations, 1)
        rows = [(self.clusters, None, None)]
        self.classifier = nn.head(self.feature_dim, rows, "classifier", seed=seed + 1)
        self.one_view = augmentation.OneView(self.reads, augment, seed=seed)
        self.run_state = nn.State(name="run_state")
        self.assignments = self.run_state.add_weight(
            shape=(samples,),
            initializer=keras.initializers.Constant(-1),
            dtype="int32",
            trainable=False,
            aggregation="only_first_replica",
            name="assignments",
        )

    def begin_epoch(self, data: dict | None) -> None:
        epoch = int(ops.convert_to_numpy(self.clock.epoch()))
        rng = np.random.default_rng((self.seed, epoch))
        seed = int(rng.integers(2**31 - 1))
        features = whitened(self.encode(data), self.components, seed)
        assignments = np.full(self.samples, -1, "int32")
        assignments[data["index"]] = kmeans(features, self.clusters, self.iterations, seed)
        self.assignments.assign(assignments)
        self.ordered(epoch, assignments)
        self.reset_classifier(rng)

    def reset_classifier(self, rng: np.random.Generator) -> None:
        """New weights, as in the official code: normal of deviation 0.01, and no bias."""
        for variable in self.classifier.weights:
            deviation = 0.01 if variable.name == "kernel" else 0.0
            variable.assign(deviation * rng.normal(size=variable.shape))
            own = variable.path.replace("/", "_")
            for slot in self.optimizer.variables if self.compiled else ():
                if own in slot.path:
                    slot.assign(np.zeros(slot.shape))

    def training_data(self, x: Any) -> Any:
        self._own.cache.pop("order", None)
        return super().training_data(x)

    def order(self, epoch: int, count: int) -> np.ndarray | None:
        """The rows of an epoch: as many of each cluster, in random order. None where the clusters
        are not those of so many items.
        """
        # Kept, because JAX has the variables in the middle of an epoch.
        known, rows = self._own.cache.get("order", (None, None))
        if known != epoch:
            clusters = ops.convert_to_numpy(self.assignments)
            rows = self.ordered(epoch, clusters) if (clusters >= 0).sum() == count else None
        return rows if rows is not None and len(rows) == count else None

    def ordered(self, epoch: int, clusters: np.ndarray) -> np.ndarray:
        """The rows of an epoch, given their clusters. They are kept."""
        rows = np.flatnonzero(clusters >= 0)
        chosen = balanced_rows(clusters[rows], np.random.default_rng((self.seed, epoch, 1)))
        self._own.cache["order"] = epoch, rows[chosen]
        return rows[chosen]

    def views(self, batch: dict) -> dict:
        return self.one_view(batch)

    def compute_losses(self, batch: dict) -> dict:
        logits = self.classifier(self.represent(batch["view"]), training=True)
        clusters = ops.take(self.assignments, batch["index"])
        known = clusters >= 0
        labels = ops.where(known, clusters, 0)
        return {"deepcluster": losses.confident_cross_entropy(logits, labels, known)}
