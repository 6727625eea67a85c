from collections.abc import Sequence
from typing import Any

import keras

from sslzoo import augment as augmentation
from sslzoo import backends, losses, nn
from sslzoo.checks import above, at_least, in_range, sizes
from sslzoo.training import Method


@keras.saving.register_keras_serializable("sslzoo")
class SimCLR(Method):
    """Chen et al. 2020, "A Simple Framework for Contrastive Learning of Visual Representations",
    arXiv:2002.05709.

        loss_ij = -log( exp(cos(z_i, z_j) / T) / sum_{k != i} exp(cos(z_i, z_k) / T) )

    The loss is the mean over the 2N views of the global batch. The positive of each view is the
    other view of its image. All other 2N - 2 views are negatives.

    Needs: images, strong color augmentation, and large batches of 256 or more. The batch provides
    the negatives.

    Known weakness: It learns more slowly than BYOL and MoCo from small batches. It learns what both
    views share. Colors and objects smaller than the crops are lost.

    Args:
        backbone: Network from images to features (N, D).
        projection: Units of the projector's layers. Default: (D, 128), the paper's two layers.
            Hidden layers are dense without bias, BatchNorm and ReLU. The last one is dense without
            bias, then BatchNorm with scale but no shift (official code, tf2/model.py). SimCLR v2
            has three layers.
        temperature: T. The paper's best is 0.5 on CIFAR-10 and 0.1 on ImageNet (appendix B.7, B.9).
        augment: A preset or fields of `sslzoo.augment`, or a layer.
        hardness, class_prior: How much similar negatives count more, and the share of negatives
            that are of the same class: the hard negatives of Robinson et al. 2021,
            arXiv:2010.04592, whose code has 1 and 0.1. See `sslzoo.losses.nt_xent`.

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
        hardness: float = 0.0,
        class_prior: float = 0.0,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        default = (self.feature_dim, 128)
        *hidden, out = sizes("projection", default if projection is None else projection)
        rows = [(units, "batch", "relu") for units in hidden] + [(out, "batch_no_beta", None)]
        self.projector = nn.head(self.feature_dim, rows, "projector", seed=seed + 1)
        self.two_views = augmentation.TwoViews(self.reads, augment, seed=seed)
        self.temperature = above("temperature", temperature, 0)
        self.hardness = at_least("hardness", hardness, 0)
        self.class_prior = in_range("class_prior", class_prior, 0, 1, high_open=True)

    def views(self, batch: dict) -> dict:
        return self.two_views(batch)

    def project(self, view: Any) -> Any:
        """Training projections (N, projection) of views."""
        return self.projector(self.represent(view), training=True)

    def compute_losses(self, batch: dict) -> dict:
        # One pass over both views: BatchNorm sees all 2N, as in the official code.
        z1, z2 = nn.one_pass(self.project, [batch["view1"], batch["view2"]])
        z1, z2 = backends.gather(z1), backends.gather(z2)
        loss = losses.nt_xent(z1, z2, self.temperature, self.hardness, self.class_prior)
        return {"nt_xent": loss}
