from collections.abc import Sequence
from typing import Any

import keras

from sslzoo import augment as augmentation
from sslzoo import backends, losses, nn
from sslzoo.checks import at_least, sizes
from sslzoo.training import Method


@keras.saving.register_keras_serializable("sslzoo")
class BarlowTwins(Method):
    """Zbontar et al. 2021, "Barlow Twins: Self-Supervised Learning via Redundancy Reduction",
    arXiv:2103.03230.

        C = z1^T z2 / N
        loss = sum_i (1 - C_ii)^2 + redundancy_weight * sum_{i != j} C_ij^2

    z1 and z2 are projections of two views, standardized over the global batch. Each view has its
    own pass, and so its own BatchNorm statistics, as in the official code
    (facebookresearch/barlowtwins, main.py).

    Needs: images. It has no negatives. Batches of 256 are enough in the paper.

    Known weakness: It wants a wide projector, whose width costs time. With SGD it needs a small
    learning rate. The official code has LARS. In lightly's tables of CIFAR-10 it is behind BYOL.

    Args:
        backbone: Network from images to features (N, D).
        projection: Units of the projector's dense layers without bias. All but the last have
            BatchNorm and ReLU. The paper has (8192, 8192, 8192) for ImageNet. The default is that
            of solo-learn and lightly for CIFAR-10.
        redundancy_weight: lambda. The official code has 0.0051.
        augment: A preset or fields of `sslzoo.augment`, or a layer. The paper has BYOL's.

    Example:
        >>> import sslzoo
        >>> sizes = {"projection": (32, 16)}
        >>> model = sslzoo.build("barlow_twins", "micro", 8, augment="digits", **sizes)
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    # The loss is a sum over units: its gradients are far larger than those of a mean over images.
    recipe = {
        "optimizer": {"name": "sgd", "learning_rate": 0.005, "momentum": 0.9, "weight_decay": 5e-4}
    }
    min_batch = 2

    def __init__(
        self,
        backbone: keras.Model,
        projection: Sequence[int] = (2048, 2048, 2048),
        redundancy_weight: float = 5.1e-3,
        augment: Any = "byol",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        *hidden, out = sizes("projection", projection)
        rows = [(units, "batch", "relu") for units in hidden] + [(out, "no_bias", None)]
        self.projector = nn.head(self.feature_dim, rows, "projector", seed=seed + 1)
        self.two_views = augmentation.TwoViews(self.reads, augment, seed=seed)
        self.redundancy_weight = at_least("redundancy_weight", redundancy_weight, 0)

    def views(self, batch: dict) -> dict:
        return self.two_views(batch)

    def project(self, view: Any) -> Any:
        """Training projections (N, projection) of views, of the global batch."""
        return backends.gather(self.projector(self.represent(view), training=True))

    def compute_losses(self, batch: dict) -> dict:
        z1, z2 = self.project(batch["view1"]), self.project(batch["view2"])
        return {"barlow_twins": losses.barlow_twins(z1, z2, self.redundancy_weight)}
