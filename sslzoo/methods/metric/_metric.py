"""What the methods of this family share: one view of labelled images, and the embeddings of the
global batch.
"""

import numpy as np

from sslzoo import augment as augmentation
from sslzoo import backends, losses
from sslzoo.training import Method


class MetricMethod(Method):
    """Learns an embedding in which images of one class are near each other: the base of `Siamese`
    and `Triplet`.

    Args:
        backbone: images -> embeddings (N, D).
        normalize: whether the loss sees the embeddings at length 1. `encode` gives them as they
        are.
        augment: preset or fields of `sslzoo.augment`.
    """

    recipe = {"optimizer": {"name": "adam", "learning_rate": 1e-3}, "warmup_share": 0.0}
    label_fields = ("labels",)
    min_batch = 2

    def __init__(self, backbone, normalize, augment, seed, name):
        super().__init__(backbone, seed=seed, name=name)
        self.normalize = normalize
        self.one_view = augmentation.OneView(self.reads, augment, seed=seed)

    def views(self, batch):
        return self.one_view(batch)

    def embeddings(self, batch):
        """(labels (N,), embeddings (N, D)) of the global batch: pairs and triplets go across
        replicas.
        """
        features = backends.gather(self.represent(batch["view"]))
        return backends.gather(batch["labels"]), losses.l2_normalize(
            features
        ) if self.normalize else features

    def check(self, data):
        if "labels" not in data:  # `fit` names what is missing
            return
        counts = np.unique(data["labels"], return_counts=True)[1]
        needs = f"{type(self).__name__} needs images of two classes and two of one; draw batches by sslzoo.data.ClassBalanced."
        if len(counts) < 2:
            raise ValueError(f"labels: all {len(data['labels'])} are {data['labels'][0]}; {needs}")
        if counts.max() < 2:
            raise ValueError(
                f"labels: got {len(counts)} different ones for as many images; {needs}"
            )
