from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import losses, nn
from sslzoo.checks import in_range, refused, sizes
from sslzoo.nn import ema
from sslzoo.training import Method


@keras.saving.register_keras_serializable("sslzoo")
class BYOL(Method):
    """Grill et al. 2020, "Bootstrap Your Own Latent: A New Approach to Self-Supervised Learning",
    arXiv:2006.07733.

    An online network f, g, q predicts what a target network f', g' makes of another view:

        loss = sum over both directions of 2 - 2 cos(q(g(f(view))), constant g'(f'(other view)))
        target <- tau target + (1 - tau) online, after the optimizer
        tau = 1 - (1 - tau_0) (cos(pi k / K) + 1) / 2, at step k of K

    The loss is the mean over the batch. The target normalizes by its own batch.

    Needs: images. Small batches are enough, because the method uses no negatives.

    Known weakness: Only the predictor and the moving average prevent collapse. Short runs and a
    small tau_0 learn little. Watch `feature_std`.

    Args:
        backbone: Network from images to features (N, D).
        projection, prediction: Units of the projector and of the predictor. Each has a dense layer
            with BatchNorm and ReLU, then a dense layer without bias (official code,
            byol/utils/networks.py). The paper has (4096, 256).
        momentum: tau_0. The paper has 0.996 for 1000 epochs. Its code has 0.99 for 100 and 300
            epochs, and 0.97 for 40.
        augment: A preset or fields of `sslzoo.augment`, or a layer.

    Example:
        >>> import sslzoo
        >>> units = {"projection": (16, 8), "prediction": (16, 8)}
        >>> model = sslzoo.build("byol", "micro", 8, augment="digits", **units)
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    min_batch = 2

    def __init__(
        self,
        backbone: keras.Model,
        projection: Sequence[int] = (4096, 256),
        prediction: Sequence[int] = (4096, 256),
        momentum: float = 0.996,
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
        self.target_backbone = ema.target(backbone)
        self.target_projector = ema.target(self.projector)
        self.two_views = augmentation.TwoViews(self.reads, augment, seed=seed)
        self.momentum = in_range("momentum", momentum, 0, 1)

    def views(self, batch: dict) -> dict:
        return self.two_views(batch)

    def compute_losses(self, batch: dict) -> dict:
        loss = 0.0
        for view, other in (("view1", "view2"), ("view2", "view1")):
            projected = self.projector(self.represent(batch[view]), training=True)
            prediction = self.predictor(projected, training=True)
            features = self.target_backbone(batch[other], training=True)
            target = ops.stop_gradient(self.target_projector(features, training=True))
            loss += 2 + 2 * losses.negative_cosine(prediction, target)
        return {"byol": loss}

    def after_step(self, batch: dict) -> None:
        tau = self.clock.cosine_momentum(self.momentum)
        ema.update(self.backbone, self.target_backbone, tau)
        ema.update(self.projector, self.target_projector, tau)


def _rows(units: Sequence[int]) -> list[tuple]:
    """The table of a head."""
    *hidden, out = units
    return [(width, "batch", "relu") for width in hidden] + [(out, "no_bias", None)]
