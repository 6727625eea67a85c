from collections.abc import Sequence
from typing import Any

import keras

from sslzoo import augment as augmentation
from sslzoo import backends, losses, nn
from sslzoo.checks import above
from sslzoo.training import Method


@keras.saving.register_keras_serializable("sslzoo")
class SimCLR(Method):
    """Chen et al. 2020, "A Simple Framework for Contrastive Learning of Visual Representations",
    arXiv:2002.05709.

    loss_ij = -log( exp(cos(z_i, z_j) / T) / sum_{k != i} exp(cos(z_i, z_k) / T) ), averaged over
    the 2N views of the global batch. Each view's positive is the other view of its image; all other
    2N - 2 views are negatives.

    Needs: images; large batches (256 and more), since they are its negatives; strong color
    augmentation.
    Known weakness: slower than BYOL and MoCo at small batches. It learns what the views share, so
    objects smaller than the crops and colors are lost.

    Args:
        backbone: images -> features (N, D).
        projection: units of the projector's layers. Default (D, 128), the paper's two layers.
            Hidden layers: dense without bias, BatchNorm, ReLU. The last: dense without bias,
            BatchNorm with scale but no shift (official code, tf2/model.py). Three layers are SimCLR
            v2's.
        temperature: T. 0.5 is the paper's best on CIFAR-10, 0.1 on ImageNet (appendix B.7, B.9).
        augment: preset or fields of `sslzoo.augment`, or a layer.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("simclr", "micro", 8, augment="digits")
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=32, verbose=0)
        >>> model.encode(images).shape
        (32, 16)
    """

    min_batch = 2

    def __init__(
        self,
        backbone: keras.Model,
        projection: Sequence[int] | None = None,
        temperature: float = 0.5,
        augment: Any = "simclr",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        *hidden, out = projection or (self.feature_dim, 128)
        rows = [(units, "batch", "relu") for units in hidden] + [(out, "batch_no_beta", None)]
        self.projector = nn.head(self.feature_dim, rows, "projector", seed=seed + 1)
        self.two_views = augmentation.TwoViews(self.reads, augment, seed=seed)
        self.temperature = above("temperature", temperature, 0)

    def views(self, batch: dict) -> dict:
        return self.two_views(batch)

    def project(self, view: Any) -> Any:
        """Training projections (N, projection) of views."""
        return self.projector(self.represent(view), training=True)

    def compute_losses(self, batch: dict) -> dict:
        # One pass over both views: BatchNorm sees all 2N, as in the official code.
        z1, z2 = nn.one_pass(self.project, [batch["view1"], batch["view2"]])
        loss = losses.nt_xent(backends.gather(z1), backends.gather(z2), self.temperature)
        return {"nt_xent": loss}
