import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import losses, nn, optim
from sslzoo.training import Method
from sslzoo.nn import ema


@keras.saving.register_keras_serializable("sslzoo")
class BYOL(Method):
    """Grill et al. 2020, "Bootstrap Your Own Latent: A New Approach to Self-Supervised Learning",
    arXiv:2006.07733.

    loss = sum over both directions of 2 - 2 cos(q(g(f(view))), stop_gradient(g'(f'(other view)))),
    mean over the batch. The target f', g' is a moving average of the online f, g: target <- tau
    target + (1 - tau) online, after the optimiser, tau = 1 - (1 - tau_0)(cos(pi k / K) + 1) / 2 at
    step k of K. The target normalises by its own batch.

    Needs: images. No negatives, so small batches do.
    Known weakness: nothing but the predictor and the moving average holds off collapse; short runs
    and a small tau_0 learn little (watch `feature_std`).

    Args:
        backbone: images -> features (N, D).
        projection, prediction: units of projector and predictor: dense with BatchNorm and ReLU,
            then dense without bias (official code, byol/utils/networks.py). (4096, 256) in the
            paper.
        momentum: tau_0. The paper: 0.996, for 1000 epochs; its code: 0.99 for 100 and 300, 0.97 for
        40.
        augment: preset or fields of `sslzoo.augment`.
    """

    min_batch = 2

    def __init__(
        self,
        backbone,
        projection=(4096, 256),
        prediction=(4096, 256),
        momentum=0.996,
        augment="byol",
        seed=0,
        name=None,
    ):
        super().__init__(backbone, seed=seed, name=name)
        if projection[-1] != prediction[-1]:
            raise ValueError(
                f"prediction: ends in {prediction[-1]} units; it must end as projection does, "
                f"{projection[-1]}."
            )
        dim = self.feature_dim
        self.projector = nn.head(dim, self._rows(projection), "projector", seed=seed + 1)
        self.predictor = nn.head(projection[-1], self._rows(prediction), "predictor", seed=seed + 2)
        self.target_backbone = ema.target(backbone)
        self.target_projector = ema.target(self.projector)
        self.two_views = augmentation.TwoViews(self.reads, augment, seed=seed)
        self.momentum = momentum

    @staticmethod
    def _rows(units):
        return [(n, "batch", "relu") for n in units[:-1]] + [(units[-1], "no_bias", None)]

    def views(self, batch):
        return self.two_views(batch)

    def compute_losses(self, batch):
        loss = 0.0
        for view, other in (("view1", "view2"), ("view2", "view1")):
            prediction = self.predictor(
                self.projector(self.represent(batch[view]), training=True), training=True
            )
            target = self.target_projector(
                self.target_backbone(batch[other], training=True), training=True
            )
            loss += 2 + 2 * losses.negative_cosine(prediction, ops.stop_gradient(target))
        return {"byol": loss}

    def after_step(self, batch):
        tau = optim.cosine_ema(self.clock.step, ops.maximum(self.clock.total, 1), self.momentum)
        tau = ops.where(self.clock.total > 0, tau, self.momentum)  # no schedule without an end
        ema.update(self.backbone, self.target_backbone, tau)
        ema.update(self.projector, self.target_projector, tau)
