from typing import Any

import keras

from sslzoo import losses
from sslzoo.methods.metric._metric import MetricMethod


@keras.saving.register_keras_serializable("sslzoo")
class Triplet(MetricMethod):
    """Triplet networks: Schroff et al. 2015, "FaceNet: A Unified Embedding for Face Recognition and
    Clustering", arXiv:1503.03832; Hermans et al. 2017, "In Defense of the Triplet Loss for Person
    Re-Identification", arXiv:1703.07737.

    For an anchor a, an image p of its class and an image n of another:
    loss = max(d_ap - d_an + margin, 0), or with margin "soft" log(1 + exp(d_ap - d_an)).
    Miner, distance, margin and reducer combine freely; each is described in
    `sslzoo.losses.triplet_loss`.

    | | miner | distance | margin | reducer |
    |---|---|---|---|---|
    | FaceNet | semi_hard | squared_euclidean, at length 1 | 0.2 | mean |
    | Hermans et al. | batch_hard | euclidean | "soft" | mean |
    | here, the default | batch_hard | euclidean, at length 1 | 0.2 | mean |
    | pytorch-metric-learning | batch_all | euclidean, at length 1 | 0.05 | nonzero_mean |

    Needs: images and labels, several images of each class in a batch: `sslzoo.data.ClassBalanced`.
    Known weakness: collapse. When all embeddings are alike, d_ap = d_an and the loss is the margin,
    or ln 2 = .693 if it is soft; batch_hard with a high learning rate ends there. A loss that stays
    at that value with `feature_std` near 0 is a collapse (the monitor warns); then start with
    batch_all or semi_hard, or lower the rate. `active_triplets` is the share of the mined triplets
    that still have a loss (soft: that are in the wrong order); near 0 there is nothing left to
    learn.

    Args:
        backbone: images -> embeddings (N, D).
        miner: "batch_hard", "batch_all" or "semi_hard".
        margin: a number above 0 in the unit of the distance, or "soft".
        distance: "euclidean", "squared_euclidean" or "cosine".
        reducer: "mean" or "nonzero_mean".
        normalize: whether the distance is between embeddings at length 1.
        augment: preset or fields of `sslzoo.augment`, or a layer.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits")
        >>> batches = sslzoo.data.ClassBalanced(digits, classes=4, samples=2, steps_per_epoch=1)
        >>> model = sslzoo.build("triplet", "micro", 8, miner="semi_hard")
        >>> history = model.fit(batches, verbose=0)
        >>> model.encode(digits.images[:3]).shape
        (3, 16)
    """

    min_batch = 3

    def __init__(
        self,
        backbone: keras.Model,
        miner: str = "batch_hard",
        margin: float | str = 0.2,
        distance: str = "euclidean",
        reducer: str = "mean",
        normalize: bool = True,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, normalize, augment, seed, name)
        losses.triplet_parts(miner, margin, distance, reducer)  # refuses unknown ones
        self.miner = miner
        self.margin = margin
        self.distance = distance
        self.reducer = reducer

    def compute_losses(self, batch: dict) -> dict:
        labels, embeddings = self.embeddings(batch)
        loss, active = losses.triplet_loss(
            labels, embeddings, self.miner, self.margin, self.distance, self.reducer
        )
        self.track("active_triplets", active)
        return {"triplet": loss}
