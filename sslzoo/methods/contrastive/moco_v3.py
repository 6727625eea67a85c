from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import backends, losses, nn
from sslzoo.checks import above, in_range, refused, sizes
from sslzoo.nn import ema
from sslzoo.training import Method


@keras.saving.register_keras_serializable("sslzoo")
class MoCoV3(Method):
    """Chen et al. 2021, "An Empirical Study of Training Self-Supervised Vision Transformers",
    arXiv:2104.02057.

        loss = 2 T * (InfoNCE(q1, k2) + InfoNCE(q2, k1))
        InfoNCE(q, k) = -log( exp(cos(q_i, k_i) / T) / sum_j exp(cos(q_i, k_j) / T) )
        key network <- m * key network + (1 - m) * query network,   m from `momentum` to 1

    The queries q have a predictor behind the projector, the keys k have none. The negatives are the
    keys of the global batch: there is no queue. The loss is the mean over the batch. The key
    network moves before the keys are made, m along half a cosine (official code,
    facebookresearch/moco-v3, moco/builder.py). The factor 2 T is that of the code.

    Needs: images, and large batches: 4096 in the paper. A vision transformer trains more stably
    with `train_patches: false`, the random patch projection of the paper.

    Known weakness: It learns less from small batches than version 2, whose queue holds negatives.

    Args:
        backbone: Network from images to features (N, D).
        projection: Units of the projector's dense layers without bias. All have BatchNorm, the last
            without scale and shift, and all but the last have ReLU. The code has (4096, 256) for
            ResNet-50, which is the default, and (4096, 4096, 256) for vision transformers.
        prediction: Units of the predictor, of the same form. It ends in as many as the projector.
        momentum: m at the start. The code has 0.99.
        temperature: T. The code has 1 for ResNet-50 and 0.2 for vision transformers.
        augment: A preset or fields of `sslzoo.augment`, or a layer. The paper has BYOL's.

    Example:
        >>> import sslzoo
        >>> units = {"projection": (16, 8), "prediction": (16, 8)}
        >>> model = sslzoo.build("moco_v3", "micro", 8, augment="digits", **units)
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    min_batch = 2

    def __init__(
        self,
        backbone: keras.Model,
        projection: Sequence[int] = (4096, 256),
        prediction: Sequence[int] = (4096, 256),
        momentum: float = 0.99,
        temperature: float = 1.0,
        augment: Any = "byol",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        projection = sizes("projection", projection)
        prediction = sizes("prediction", prediction)
        if projection[-1] != prediction[-1]:
            got = f"{prediction[-1]} units at its end"
            raise refused("prediction", got, f"end as projection does, in {projection[-1]} units")
        dim, out = self.feature_dim, projection[-1]
        self.projector = nn.head(dim, _rows(projection), "projector", seed=seed + 1)
        self.predictor = nn.head(out, _rows(prediction), "predictor", seed=seed + 2)
        self.key_backbone = ema.target(backbone)
        self.key_projector = ema.target(self.projector)
        self.two_views = augmentation.TwoViews(self.reads, augment, seed=seed)
        self.momentum = in_range("momentum", momentum, 0, 1)
        self.temperature = above("temperature", temperature, 0)

    def views(self, batch: dict) -> dict:
        return self.two_views(batch)

    def before_step(self, batch: dict) -> dict:
        momentum = self.clock.cosine_momentum(self.momentum)
        ema.update(self.backbone, self.key_backbone, momentum)
        ema.update(self.projector, self.key_projector, momentum)
        keys = {f"keys{i}": self.keys(batch[f"view{i}"]) for i in (1, 2)}
        return {**batch, **keys}

    def keys(self, view: Any) -> Any:
        """Constant keys (N, projection) of views."""
        features = self.key_backbone(view, training=True)
        return ops.stop_gradient(self.key_projector(features, training=True))

    def queries(self, view: Any) -> Any:
        """Training queries (N, projection) of views."""
        projected = self.projector(self.represent(view), training=True)
        return self.predictor(projected, training=True)

    def compute_losses(self, batch: dict) -> dict:
        loss = 0.0
        for view, keys in (("view1", "keys2"), ("view2", "keys1")):
            queries = backends.gather(self.queries(batch[view]))
            keys = backends.gather(batch[keys])
            loss += losses.info_nce_batch(queries, keys, self.temperature)
        return {"info_nce": 2 * self.temperature * loss}


def _rows(units: Sequence[int]) -> list[tuple]:
    """The table of a head."""
    *hidden, out = units
    return [(width, "batch", "relu") for width in hidden] + [(out, "batch_no_affine", None)]
