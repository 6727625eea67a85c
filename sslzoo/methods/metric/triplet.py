from typing import Any

import keras

from sslzoo import losses
from sslzoo.methods.metric._metric import MetricMethod


@keras.saving.register_keras_serializable("sslzoo")
class Triplet(MetricMethod):
    """Triplet networks: Schroff et al. 2015, "FaceNet: A Unified Embedding for Face Recognition and
    Clustering", arXiv:1503.03832. Hermans et al. 2017, "In Defense of the Triplet Loss for Person
    Re-Identification", arXiv:1703.07737.

    For an anchor a, an image p of its class and an image n of another class:

        loss = max(d_ap - d_an + margin, 0)
        loss = log(1 + exp(d_ap - d_an)), with margin "soft"

    Miner, distance, margin and reducer combine freely. `sslzoo.losses.triplet_loss` describes each.

    | | miner | distance | margin | reducer |
    |---|---|---|---|---|
    | FaceNet | semi_hard | squared_euclidean, at length 1 | 0.2 | mean |
    | Hermans et al. | batch_hard | euclidean | "soft" | mean |
    | here, the default | batch_hard | euclidean, at length 1 | 0.2 | mean |
    | pytorch-metric-learning | batch_all | euclidean, at length 1 | 0.05 | nonzero_mean |

    Needs: images and labels, with several images of each class in a batch. See
    `sslzoo.data.ClassBalanced`.

    Known weakness: It can collapse, above all with batch_hard and a high learning rate. All
    embeddings are then alike, and the loss stays at the margin, or at ln 2 = 0.693 if it is soft.
    `feature_std` is near 0, and the monitor warns. Start with batch_all or semi_hard then, or lower
    the rate. `active_triplets` is the share of mined triplets that still have a loss. With a soft
    margin it is the share in the wrong order. Near 0 there is nothing left to learn.

    Args:
        backbone: Network from images to embeddings (N, D).
        miner: "batch_hard", "batch_all" or "semi_hard".
        margin: A number above 0 in the unit of the distance, or "soft".
        distance: "euclidean", "squared_euclidean" or "cosine".
        reducer: "mean" or "nonzero_mean".
        normalize: Whether embeddings are scaled to length 1 before the distance is computed.
        augment: A preset or fields of `sslzoo.augment`, or a layer.

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
