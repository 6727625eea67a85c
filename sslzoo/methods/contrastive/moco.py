from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import backends, losses, nn
from sslzoo.checks import above, in_range, sizes, whole
from sslzoo.nn import ema
from sslzoo.training import Method


@keras.saving.register_keras_serializable("sslzoo")
class MoCo(Method):
    """He et al. 2020, "Momentum Contrast for Unsupervised Visual Representation Learning",
    arXiv:1911.05722. Version 2: Chen et al. 2020, "Improved Baselines with Momentum Contrastive
    Learning", arXiv:2003.04297. The defaults are those of version 2.

        loss = -log( exp(q.k / T) / (exp(q.k / T) + sum over the queue of exp(q.n / T)) )
        key network <- momentum * key network + (1 - momentum) * query network

    q is the query of view 1. k is the key of view 2 of the same image. The queue holds the keys n
    of earlier batches. All of them have length 1. The loss is the mean over the batch. The key
    network moves before the forward pass. The keys of a batch join the queue after its step.

    BatchNorm normalizes keys over `groups` parts of the batch. A query and a key with the same
    BatchNorm statistics would give each other away. The papers avoid that by shuffling keys between
    GPUs: 8 groups of 32. Version 1 has projection=(128,) and temperature=0.07.

    Needs: images. Small batches are enough, because the queue holds the negatives.

    Known weakness: The queue teaches little while it holds keys of the first steps. Short runs need
    a short queue and a smaller momentum. For CIFAR-10, lightly has 4096 and 0.99.

    Args:
        backbone: Network from items to features (N, D).
        projection: Units of the projector's dense layers. All but the last have ReLU, and none has
            BatchNorm. Default: (D, 128), as in the code of version 2.
        queue_size: K, the number of keys in the queue. The papers have 65536 for 1.3 million
            images.
        momentum: Momentum of the key network. The papers have 0.999.
        temperature: T. Version 2 has 0.2.
        groups: Parts of the batch in which keys are normalized. It must divide the batch size.
        augment: A preset or fields of `sslzoo.augment`, or a layer.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("moco", "micro", 8, queue_size=64, groups=2, augment="digits")
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=16, verbose=0)
    """

    def __init__(
        self,
        backbone: keras.Model,
        projection: Sequence[int] | None = None,
        queue_size: int = 65536,
        momentum: float = 0.999,
        temperature: float = 0.2,
        groups: int = 8,
        augment: Any = "moco_v2",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        default = (self.feature_dim, 128)
        *hidden, out = sizes("projection", default if projection is None else projection)
        rows = [(units, None, "relu") for units in hidden] + [(out, None, None)]
        self.projector = nn.head(self.feature_dim, rows, "projector", seed=seed + 1)
        self.key_backbone = ema.target(backbone)
        self.key_projector = ema.target(self.projector)
        self.queue = nn.Queue(whole("queue_size", queue_size, 1), out, seed=seed)
        self.two_views = augmentation.TwoViews(self.reads, augment, seed=seed)
        self.momentum = in_range("momentum", momentum, 0, 1)
        self.temperature = above("temperature", temperature, 0)
        self.groups = whole("groups", groups, 1)

    def views(self, batch: dict) -> dict:
        return self.two_views(batch)

    def before_step(self, batch: dict) -> dict:
        ema.update(self.backbone, self.key_backbone, self.momentum)
        ema.update(self.projector, self.key_projector, self.momentum)
        return {**batch, "keys": ops.stop_gradient(self.keys(batch["view2"]))}

    def keys(self, view: Any) -> Any:
        """Keys (N, projection) of any length. Row r shares its BatchNorm with the rows of group
        r mod groups.
        """
        count = view.shape[0]
        if count is not None and count % self.groups:
            raise ValueError(
                f"batch_size: got {count}; MoCo needs a multiple of its {self.groups} groups."
            )
        parts = []
        for group in range(self.groups):
            features = self.key_backbone(view[group :: self.groups], training=True)
            parts.append(self.key_projector(features, training=True))
        keys = ops.stack(parts, axis=1)  # (N / groups, groups, projection)
        return ops.reshape(keys, (-1, keys.shape[-1]))  # (N, projection), in the order of view

    def compute_losses(self, batch: dict) -> dict:
        queries = self.projector(self.represent(batch["view1"]), training=True)
        queries, keys = backends.gather(queries), backends.gather(batch["keys"])
        loss = losses.info_nce(queries, keys, self.queue.rows, self.temperature)
        return {"info_nce": loss}

    def after_step(self, batch: dict) -> None:
        self.queue.push(losses.l2_normalize(backends.gather(batch["keys"])))
