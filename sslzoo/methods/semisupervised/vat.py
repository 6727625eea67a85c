from typing import Any

import keras
from keras import ops

from sslzoo import losses, nn
from sslzoo.checks import above, at_least, in_range
from sslzoo.methods.semisupervised._few_labels import FewLabels, constant_logits


@keras.saving.register_keras_serializable("sslzoo")
class VAT(FewLabels):
    """Miyato et al. 2018, "Virtual Adversarial Training: A Regularization Method for Supervised and
    Semi-Supervised Learning", arXiv:1704.03976.

        loss = mean of H(y, p(weak(x))) over the labeled items
            + w(k) * 1/M sum_u KL(p(u) || p(u + r_u)) + entropy_weight * 1/M sum_u H(p(u))

    u is a weak view, p(u) in the divergence a constant. r_u is the change of length epsilon that
    moves p(u) most. One step of a power iteration finds it, see `sslzoo.losses.virtual_adversary`.
    w rises linearly from 0 to unlabeled_weight over the share `ramp` of the run.

    The passes for r and for u + r leave BatchNorm's statistics as they are. They hold the labeled
    rows too, so they are normalized by the same batch as p(u): at r = 0 the divergence is 0.

    The papers' codes have xi = 1e-6. Rounding in float32 is as large as what that finds, and half
    precision leaves nothing of it. So xi is 1e-2 here. Weights and ramp are those of
    google-research/mixmatch. Its epsilon is 6 for images in -1..1, which is 3 in 0..1.

    Needs: items with labels, and unlabeled ones. See `sslzoo.data.Paired`. Other than images need
    two layers as `augment`. A step has four passes over the unlabeled items.

    Known weakness: epsilon belongs to the data: too small it does nothing, too large it blurs the
    classes. Small gray images need less than photographs.

    Args:
        backbone, classes, momentum, augment: As for `PiModel`.
        epsilon: The length of r, in the unit of what the network reads.
        xi: Where the gradient is taken, as a length beside u.
        entropy_weight: Of entropy minimization, which has no ramp. Default: 0.06.
        ramp: The share of the run in which w rises. Default: 0.4.
        unlabeled_weight: Default: 0.3. TorchSSL has 1.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("vat", "micro", 8, classes=10, epsilon=1.0, augment="digits")
        >>> model.classify(sslzoo.data.load("digits").images[:4]).shape
        (4, 10)
    """

    unlabeled_views = ("weak",)

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        epsilon: float = 3.0,
        xi: float = 1e-2,
        entropy_weight: float = 0.06,
        ramp: float = 0.4,
        unlabeled_weight: float = 0.3,
        momentum: float = 0.999,
        augment: Any = "fixmatch",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, unlabeled_weight, momentum, augment, seed, name)
        self.epsilon = float(above("epsilon", epsilon, 0))
        self.xi = float(above("xi", xi, 0))
        self.entropy_weight = float(at_least("entropy_weight", entropy_weight, 0))
        self.ramp = float(in_range("ramp", ramp, 0, 1))
        self.noise = nn.Noise(seed + 3)

    def views(self, batch: dict) -> dict:
        batch = super().views(batch)
        shape = ops.shape(batch["weak"])
        return {**batch, "direction": keras.random.normal(shape, seed=self.noise, dtype="float32")}

    def before_step(self, batch: dict) -> dict:
        if not self.unlabeled_weight:
            return batch

        def logits_of(view):
            both = ops.concatenate([batch["labeled"], view])
            logits = constant_logits((self.backbone, self.head), both)
            return logits[ops.shape(batch["labeled"])[0] :]

        settings = {"xi": self.xi, "radius": self.epsilon}
        moved = losses.virtual_adversary(logits_of, batch["weak"], batch["direction"], **settings)
        return {**batch, "adversarial": moved}

    def unlabeled_terms(self, logits: dict, batch: dict) -> dict:
        both = ops.concatenate([batch["labeled"], batch["adversarial"]])
        features = nn.unrecorded(self.backbone)(both, training=True)
        moved = nn.unrecorded(self.head)(features, training=True)[ops.shape(logits["labeled"])[0] :]
        divergence = ops.mean(losses.divergences(moved, logits["weak"]))
        entropy = ops.mean(losses.entropies(logits["weak"]))
        terms = {"unlabeled": self.weight() * divergence}
        return terms | {"entropy": self.entropy_weight * entropy}
