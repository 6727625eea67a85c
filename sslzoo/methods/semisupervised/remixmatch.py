from typing import Any

import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import backends, losses, nn
from sslzoo.checks import at_least, in_range, refused
from sslzoo.methods.semisupervised._few_labels import constant_logits
from sslzoo.methods.semisupervised.mixmatch import MixMatch


@keras.saving.register_keras_serializable("sslzoo")
class ReMixMatch(MixMatch):
    """Berthelot et al. 2020, "ReMixMatch: Semi-Supervised Learning with Distribution Alignment and
    Augmentation Anchoring", arXiv:1911.09785.

        q_u = Sharpen(Align(p(weak(u)))),  Align(p) ~ p * (labels' mean) / (predictions' mean)
        X', U' = MixUp of weak(x), strong(u), strong'(u) and weak(u) with their targets y and q
        loss = mean of H(y', p(x')) over X' + w(k) unlabeled_weight * mean of H(q', p(u')) over U'
            + w(k) strong_weight * 1/M sum_u H(q_u, p(strong(u)))
            + rotation_weight * 1/M sum_u H(turn, p_rotation(strong(u) turned))

    Augmentation anchoring: the guess of one weak view is the target of all. Alignment uses running
    means over the steps, which hold this step's batch already. A quarter of the images is turned by
    each of 0, 90, 180 and 270 degrees. w rises linearly from 0 to 1 over the share `ramp`.

    The paper has 8 strong views of CTAugment, which learns its magnitudes. TorchSSL has 2 of
    RandAugment, and so it is here. All views are one pass, as for MixMatch. Means are averages
    with a momentum, as in TorchSSL; google-research/remixmatch has the last 128 batches.

    Needs: square images with labels, and unlabeled ones. See `sslzoo.data.Paired`. A step has the
    forward and backward pass of five images for each unlabeled one.

    Known weakness: The turned images teach little where objects have no upright position. Digits
    that are turned are other digits: 6 and 9.

    Args:
        backbone, classes, temperature, alpha, momentum, augment: As for `MixMatch`.
        running_momentum: Of the means that align. Default: 0.999, for 2^20 steps. A short run needs
            less.
        strong_weight, rotation_weight: Default: 0.5 each.
        ramp: The share of the run in which w rises. Default: 1/64.
        unlabeled_weight: Default: 1.5. With 0, training is supervised: no term but the first, and
            nothing is mixed.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("remixmatch", "micro", 8, classes=10, augment="digits")
        >>> model.classify(sslzoo.data.load("digits").images[:4]).shape
        (4, 10)
    """

    unlabeled_views = ("weak", "strong", "strong2")
    needs_images = True

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        temperature: float = 0.5,
        alpha: float = 0.75,
        running_momentum: float = 0.999,
        strong_weight: float = 0.5,
        rotation_weight: float = 0.5,
        ramp: float = 1 / 64,
        unlabeled_weight: float = 1.5,
        momentum: float = 0.999,
        augment: Any = "fixmatch",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        settings = temperature, alpha, ramp, unlabeled_weight, momentum, augment, seed, name
        super().__init__(backbone, classes, *settings)
        height, width, _ = self.reads.shape
        if height != width:
            raise refused("backbone", f"images of {height} x {width}", "read squares, to turn them")
        in_range("running_momentum", running_momentum, 0, 1, high_open=True)
        even = [1 / classes] * classes
        first = {"labels": even, "probabilities": even}
        self.running = nn.RunningMeans(float(running_momentum), first)
        self.strong_weight = float(at_least("strong_weight", strong_weight, 0))
        self.rotation_weight = float(at_least("rotation_weight", rotation_weight, 0))
        if self.unlabeled_weight:
            turns = [(4, None, None)]
            self.rotation_head = nn.head(self.feature_dim, turns, "rotation_head", seed=seed + 2)

    def views(self, batch: dict) -> dict:
        batch = super().views(batch)
        turns = ops.arange(ops.shape(batch["strong"])[0], dtype="int32") % 4
        return {**batch, "turns": turns, "turned": augmentation.turned(batch["strong"], turns)}

    def before_step(self, batch: dict) -> dict:
        if not self.unlabeled_weight:
            return batch
        logits = constant_logits((self.backbone, self.head), batch["weak"])
        p = ops.softmax(ops.cast(logits, "float32"))
        labels = ops.one_hot(batch["labels"], self.classes, dtype="float32")
        means = {
            name: self.running.next(name, ops.mean(backends.gather(rows), axis=0))
            for name, rows in (("labels", labels), ("probabilities", p))
        }
        aligned = losses.aligned(p, means["labels"], means["probabilities"])
        guesses = losses.sharpen(ops.log(aligned), self.temperature)
        return {**batch, "guesses": guesses, **{f"running_{k}": v for k, v in means.items()}}

    def compute_losses(self, batch: dict) -> dict:
        if not self.unlabeled_weight:
            return super().compute_losses(batch)
        inputs, targets = self.mixed(batch)
        views = [inputs, batch["strong"], batch["turned"]]
        count = ops.shape(batch["labels"])[0]
        features = nn.one_pass(self.represent, views)
        mixed, strong = (self.head(part, training=True) for part in features[:2])
        turned = self.rotation_head(features[2], training=True)
        unlabeled = losses.confident_cross_entropy(mixed[count:], targets[count:])
        anchored = losses.confident_cross_entropy(strong, batch["guesses"])
        rotation = losses.confident_cross_entropy(turned, batch["turns"])
        return {
            "supervised": self.supervised(mixed[:count], targets[:count]),
            "unlabeled": self.weight() * unlabeled,
            "strong": self.risen() * self.strong_weight * anchored,
            "rotation": self.rotation_weight * rotation,
        }

    def after_step(self, batch: dict) -> None:
        super().after_step(batch)
        self.running.move(batch)
