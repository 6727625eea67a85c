from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import backends, losses, nn
from sslzoo.checks import above, sizes
from sslzoo.training import Method


@keras.saving.register_keras_serializable("sslzoo")
class SupCon(Method):
    """Khosla et al. 2020, "Supervised Contrastive Learning", arXiv:2004.11362.

        loss_i = -1/|P(i)| sum_{p in P(i)} log( exp(cos(z_i, z_p) / T)
            / sum_{k != i} exp(cos(z_i, z_k) / T) )

    P(i) holds the other views of the batch that are of the same class. The loss is the mean over
    the 2N views of the global batch. The official code (HobbitLong/SupContrast, losses.py)
    multiplies it by T / 0.07.

    Needs: images with labels, and batches with several images of a class. The paper then trains a
    linear classifier on the features: `sslzoo.evaluate.linear_probe`.

    Known weakness: It gains little over cross-entropy on easy data, and costs two views. Images of
    one class become one point, so transfer to finer classes suffers.

    Args:
        backbone: Network from images to features (N, D).
        projection: Units of the projector's dense layers. All but the last have ReLU, and none has
            BatchNorm. Default: (D, 128), as in the official code.
        temperature: T. The paper has 0.1 on ImageNet and CIFAR-10.
        augment: A preset or fields of `sslzoo.augment`, or a layer.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits").take(slice(32))
        >>> model = sslzoo.build("sup_con", "micro", 8, augment="digits")
        >>> history = model.fit(digits.images, digits.labels, batch_size=32, verbose=0)
    """

    label_fields = ("labels",)
    min_batch = 2

    def __init__(
        self,
        backbone: keras.Model,
        projection: Sequence[int] | None = None,
        temperature: float = 0.1,
        augment: Any = "sup_con",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        default = (self.feature_dim, 128)
        *hidden, out = sizes("projection", default if projection is None else projection)
        rows = [(units, None, "relu") for units in hidden] + [(out, None, None)]
        self.projector = nn.head(self.feature_dim, rows, "projector", seed=seed + 1)
        self.two_views = augmentation.TwoViews(self.reads, augment, seed=seed)
        self.temperature = above("temperature", temperature, 0)

    def views(self, batch: dict) -> dict:
        return self.two_views(batch)

    def compute_losses(self, batch: dict) -> dict:
        # One pass over both views: BatchNorm sees all 2N, as in the official code.
        views = ops.concatenate([batch["view1"], batch["view2"]], axis=0)
        z = self.projector(self.represent(views), training=True)  # (2N, projection)
        labels = ops.concatenate([batch["labels"], batch["labels"]], axis=0)
        loss = losses.sup_con(backends.gather(z), backends.gather(labels), self.temperature)
        return {"sup_con": loss}
