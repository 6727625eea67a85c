from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import backends, nn
from sslzoo.checks import refused, sizes, whole
from sslzoo.methods.clustering._multi_crop import MultiCropMethod
from sslzoo.methods.clustering._whole_set import WholeSet
from sslzoo.nn.kmeans import spherical_kmeans

CHUNK = 256  # items embedded at once to fill the memory


@keras.saving.register_keras_serializable("sslzoo")
class DeepClusterV2(WholeSet, MultiCropMethod):
    """Caron et al. 2020, "Unsupervised Learning of Visual Features by Contrasting Cluster
    Assignments", arXiv:2006.09882, section 4.1 and appendix C. It improves DeepCluster.

        z = g(f(view)) / |g(f(view))|,  scores s = z . centroids
        loss = mean over heads and views v of  -log softmax(s_v / T)[cluster of the item]

    A memory holds the last embeddings of both large views of each item. Before each epoch,
    spherical k-means clusters it, once for each head, on one of the two views in turn. The
    centroids are the prototypes of that head, without a gradient. Nothing else is fitted to the
    clusters, so that their order does not matter. The loss is the mean over the batch.

    Before the first epoch, one pass over the data fills the memory (facebookresearch/swav,
    main_deepclusterv2.py). There, items that an epoch leaves out have no cluster in the next one.
    Here they keep their older embeddings.

    Needs: images as arrays or a `Dataset`. The whole set is clustered.

    Known weakness: Clusters are those of the epoch before. Small sets and short runs give it few of
    them. The memory takes 1 KiB for each item.

    Args:
        backbone: Network from items to features (N, F).
        samples: The size of the memory, at least the number of training items.
        projection: Units of the projector. The paper has (2048, 128).
        prototypes: Clusters of each head. The paper has 3 heads of 3000.
        temperature: T. The paper has 0.1.
        iterations: Of k-means. The code has 10.
        augment, small_views, small_size, small_augment: As for `SwAV`.

    Attributes:
        memory: float32 (samples, 2, D), the embeddings. Checkpoints hold it. Weights files do not.
        assignments: int32 (heads, samples), the clusters; -1 where there is no item.

    Example:
        >>> import sslzoo
        >>> settings = {"samples": 64, "projection": (16, 8), "prototypes": [10, 10]}
        >>> model = sslzoo.build("deepcluster_v2", "micro", 8, augment="digits", **settings)
        >>> images = sslzoo.data.load("digits").images[:64]
        >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    def __init__(
        self,
        backbone: keras.Model,
        samples: int,
        projection: Sequence[int] = (2048, 128),
        prototypes: Sequence[int] = (3000, 3000, 3000),
        temperature: float = 0.1,
        iterations: int = 10,
        augment: Any = "swav",
        small_views: int = 0,
        small_size: int | None = None,
        small_augment: dict | None = None,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        crops = augment, small_views, small_size, small_augment
        super().__init__(backbone, projection, temperature, *crops, seed, name)
        self.samples = whole("samples", samples, 1)
        counts = sizes("prototypes", prototypes)
        self.most_clusters = max(counts)
        if self.most_clusters > samples:
            needed = f"be at most {samples}, the samples"
            raise refused("prototypes", f"{self.most_clusters} in a head", needed)
        self.iterations = whole("iterations", iterations, 1)
        self.heads = [
            nn.Prototypes(self.dim, count, trainable=False, seed=seed + 2 + index)
            for index, count in enumerate(counts)
        ]
        self.run_state = nn.State(name="run_state")
        shared = {"trainable": False, "aggregation": "only_first_replica"}
        self.memory = self.run_state.add_weight(
            shape=(samples, 2, self.dim), initializer="zeros", name="memory", **shared
        )
        self.assignments = self.run_state.add_weight(
            shape=(len(counts), samples),
            initializer=keras.initializers.Constant(-1),
            dtype="int32",
            name="assignments",
            **shared,
        )

    def begin_epoch(self, data: dict | None) -> None:
        memory = ops.convert_to_numpy(self.memory)
        if not memory.any():
            memory = self.filled(data)
            self.memory.assign(memory)
        epoch = int(ops.convert_to_numpy(self.clock.epoch()))
        assignments = np.full(self.assignments.shape, -1, "int32")
        known = np.flatnonzero(memory[:, 0].any(axis=1))
        for index, head in enumerate(self.heads):
            rows, seed = memory[known, index % 2], (self.seed, epoch, index)
            labels, centroids = spherical_kmeans(rows, head.count, self.iterations, seed)
            assignments[index, known] = labels
            head.kernel.assign(centroids.T)
        self.assignments.assign(assignments)

    def filled(self, data: dict) -> np.ndarray:
        """The memory after one pass over the data, in which no variable changes."""

        def large(chunk):
            return self.embeddings(self.views(chunk))[:, :2]

        compute = backends.untouched(self, large)
        memory = np.zeros(self.memory.shape, "float32")
        for start in range(0, len(data["index"]), CHUNK):
            chunk = {name: rows[start : start + CHUNK] for name, rows in data.items()}
            memory[chunk["index"]] = compute(chunk)
        return memory

    def compute_losses(self, batch: dict) -> dict:
        z = self.embeddings(batch)  # (N, V, D)
        self.keep("large", z[:, :2])
        z, index = backends.gather(z), backends.gather(batch["index"])
        loss = 0.0
        for number, head in enumerate(self.heads):
            clusters = ops.take(self.assignments[number], index)  # (N,)
            known = ops.cast(clusters >= 0, "float32")[:, None]
            chosen = ops.one_hot(clusters, head.count, dtype="float32")[:, None]  # (N, 1, K)
            log_p = ops.log_softmax(head(z) / self.temperature, axis=-1)  # (N, V, K)
            entropies = -ops.sum(chosen * log_p, axis=-1) * known  # (N, V)
            count = ops.maximum(ops.sum(known), 1.0) * z.shape[1]
            loss += ops.sum(entropies) / count
        return {"deepcluster_v2": loss / len(self.heads)}

    def after_step(self, batch: dict) -> None:
        index = ops.cast(backends.gather(batch["index"]), "int32")
        rows = backends.gather(batch["large"])
        backends.put_rows(self.memory, index, rows)
