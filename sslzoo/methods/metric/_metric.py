"""What the methods of this family share: one view of labeled images, and the embeddings of the
global batch.
"""

from typing import Any

import keras
import numpy as np

from sslzoo import augment as augmentation
from sslzoo import backends, losses
from sslzoo.checks import refused
from sslzoo.training import Method


class MetricMethod(Method):
    """Learns an embedding in which images of one class are near each other. It is the base of
    `Siamese` and `Triplet`.

    Args:
        backbone: Network from images to embeddings (N, D).
        normalize: Whether the loss sees embeddings of length 1. `encode` returns them as they are.
        augment: A preset or fields of `sslzoo.augment`, a layer, or "none".

    Example:
        >>> import numpy as np, sslzoo
        >>> model = sslzoo.build("triplet", "micro", 8)
        >>> model.check({"labels": np.array([0, 1, 2])})
        Traceback (most recent call last):
        ValueError: labels: got 3 different ones for as many images; it must be of two classes at \
least, and two of one; sslzoo.data.ClassBalanced draws such.
    """

    recipe = {"optimizer": {"name": "adam", "learning_rate": 1e-3}, "warmup_share": 0.0}
    label_fields = ("labels",)
    min_batch = 2

    def __init__(
        self, backbone: keras.Model, normalize: bool, augment: Any, seed: int, name: str | None
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        self.normalize = normalize
        self.one_view = augmentation.OneView(self.reads, augment, seed=seed)

    def views(self, batch: dict) -> dict:
        return self.one_view(batch)

    def embeddings(self, batch: dict) -> tuple:
        """(labels (N,), embeddings (N, D)) of the global batch: pairs and triplets go across
        replicas.
        """
        embeddings = backends.gather(self.represent(batch["view"]))
        if self.normalize:
            embeddings = losses.l2_normalize(embeddings)
        return backends.gather(batch["labels"]), embeddings

    def check(self, data: dict) -> None:
        if "labels" not in data:  # `fit` names what is missing
            return
        labels, counts = np.unique(data["labels"], return_counts=True)
        needed = "be of two classes at least, and two of one; sslzoo.data.ClassBalanced draws such"
        if len(counts) < 2:
            raise refused("labels", f"{counts.sum()} of class {labels[0]}", needed)
        if counts.max() < 2:
            raise refused("labels", f"{len(counts)} different ones for as many images", needed)
