from collections.abc import Sequence
from typing import Any

import keras

from sslzoo.methods.contrastive.moco import MoCo


@keras.saving.register_keras_serializable("sslzoo")
class MoCoV1(MoCo):
    """He et al. 2020, "Momentum Contrast for Unsupervised Visual Representation Learning",
    arXiv:1911.05722.

        loss = -log( exp(q.k / T) / (exp(q.k / T) + sum over the queue of exp(q.n / T)) )
        key network <- momentum * key network + (1 - momentum) * query network

    Version 1 of MoCo. It differs from version 2, which is `moco`, in three settings: the projector
    is one linear layer, T is 0.07, and there is no blur, but color jitter of every image. The
    paper's learning rate falls in two steps, not along a cosine.

    Needs: images. Small batches are enough, because the queue holds the negatives.

    Known weakness: Version 2 is better at the same cost: by 6.9 points on ImageNet in its paper.

    Args:
        backbone, queue_size, momentum, groups, augment: As for `moco`.
        projection: Units of the projector's dense layers. The paper has one.
        temperature: T. The paper has 0.07.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("moco_v1", "micro", 8, queue_size=64, groups=2, augment="digits")
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=16, verbose=0)
    """

    def __init__(
        self,
        backbone: keras.Model,
        projection: Sequence[int] = (128,),
        queue_size: int = 65536,
        momentum: float = 0.999,
        temperature: float = 0.07,
        groups: int = 8,
        augment: Any = "moco_v1",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(
            backbone, projection, queue_size, momentum, temperature, groups, augment, seed, name
        )
