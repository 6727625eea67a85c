from typing import Any

import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import losses, nn
from sslzoo.checks import above, in_range
from sslzoo.methods.semisupervised._few_labels import FewLabels, constant_logits


@keras.saving.register_keras_serializable("sslzoo")
class MixMatch(FewLabels):
    """Berthelot et al. 2019, "MixMatch: A Holistic Approach to Semi-Supervised Learning",
    arXiv:1905.02249.

        q_u = Sharpen(mean of p over K = 2 weak views of u),  Sharpen(p) ~ p^(1/temperature)
        X', U' = MixUp of all weak views with their targets y and q
        loss = mean of H(y', p(x')) over X' + w(k) * mean of (p_c(u') - q'_c)^2 over U' and classes

    The guess q is a constant. It takes a pass of its own, which leaves BatchNorm's statistics as
    they are. MixUp pairs rows of the whole batch, labeled or not. A mixed row is closer to its own
    row than to the other, see `sslzoo.augment.MixUpDraws`. w rises linearly from 0 to
    unlabeled_weight over the share `ramp` of the run.

    The mixed rows are one pass. So BatchNorm normalizes labeled and unlabeled rows together. The
    papers' codes have passes of B rows instead, and interleave labeled and unlabeled rows in them
    for that reason. Apart, the two would be normalized differently: without interleave it is much
    worse (google-research/mixmatch, issue 5).

    The ramp is TorchSSL's. google-research/mixmatch ramps over 16,384 steps, has the weight 100 and
    Adam. The paper has 75 for CIFAR-10.

    Needs: items with labels, and unlabeled ones. See `sslzoo.data.Paired`. Other than images need
    two layers as `augment`.

    Known weakness: With few labels the guesses are bad, and no threshold keeps them out.

    Args:
        backbone, classes, momentum, augment: As for `PiModel`.
        temperature: T of the sharpening. Default: 0.5.
        alpha: Of MixUp's Beta distribution. Default: 0.75. The official script has 0.5.
        ramp: The share of the run in which w rises. Default: 0.4.
        unlabeled_weight: Default: 75. Its size counts on the mean over classes.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("mixmatch", "micro", 8, classes=10, augment="digits")
        >>> model.classify(sslzoo.data.load("digits").images[:4]).shape
        (4, 10)
    """

    unlabeled_views = ("weak", "weak2")

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        temperature: float = 0.5,
        alpha: float = 0.75,
        ramp: float = 0.4,
        unlabeled_weight: float = 75.0,
        momentum: float = 0.999,
        augment: Any = "fixmatch",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, unlabeled_weight, momentum, augment, seed, name)
        self.temperature = float(above("temperature", temperature, 0))
        self.ramp = float(in_range("ramp", ramp, 0, 1))
        self.mix_up_draws = augmentation.MixUpDraws(alpha, seed=seed + 3)

    def views(self, batch: dict) -> dict:
        batch = super().views(batch)
        names = ("labeled", *self.unlabeled_views)
        return {**batch, **{f"mix_{name}": self.mix_up_draws(batch[name]) for name in names}}

    def before_step(self, batch: dict) -> dict:
        if not self.unlabeled_weight:
            return batch
        return {**batch, "guesses": ops.stop_gradient(self.guesses(batch))}

    def guesses(self, batch: dict) -> Any:
        """Targets (M, C) of the unlabeled rows, made by the student as it is."""
        views = [batch[name] for name in self.unlabeled_views]
        student = (self.backbone, self.head)
        parts = nn.one_pass(lambda view: constant_logits(student, view), views)
        mean = sum(ops.softmax(ops.cast(part, "float32")) for part in parts) / len(parts)
        return losses.sharpen(ops.log(mean), self.temperature)

    def mixed(self, batch: dict) -> tuple:
        """Inputs and targets after MixUp: labeled rows (B, ...), then those of each view."""
        names = ("labeled", *self.unlabeled_views)
        labels = ops.one_hot(batch["labels"], self.classes, dtype="float32")
        targets = [labels, *[batch["guesses"]] * len(self.unlabeled_views)]
        draws = ops.concatenate([batch[f"mix_{name}"] for name in names])
        arrays = ops.concatenate([batch[name] for name in names]), ops.concatenate(targets)
        return tuple(augmentation.mix_up(arrays, draws))

    def compute_losses(self, batch: dict) -> dict:
        if not self.unlabeled_weight:
            return super().compute_losses(batch)
        inputs, targets = self.mixed(batch)
        logits, count = self.student_logits(inputs), ops.shape(batch["labels"])[0]
        unlabeled = losses.squared_consistency(logits[count:], targets[count:])
        return {
            "supervised": self.supervised(logits[:count], targets[:count]),
            "unlabeled": self.weight() * unlabeled,
        }
