from typing import Any

import keras
from keras import ops

from sslzoo import backends, losses, nn
from sslzoo.checks import at_least, in_range
from sslzoo.methods.semisupervised._few_labels import FewLabels


@keras.saving.register_keras_serializable("sslzoo")
class FreeMatch(FewLabels):
    """Wang et al. 2023, "FreeMatch: Self-adaptive Thresholding for Semi-supervised Learning",
    arXiv:2205.07246.

        loss = mean of H(y, p(weak(x))) over the labeled items
            + unlabeled_weight * 1/M sum_u 1[max q_u >= T(argmax q_u)] H(argmax q_u, p(strong(u)))
            + fairness_weight * fairness
        T(c) = t * p_c / max_c p_c

    q_u = p(weak(u)), a constant. The global threshold t is the running mean of max q_u, and p_c
    that of q_u. Both begin at 1/C and hold this step's batch already. So thresholds are low while
    the network is unsure, and lower for classes that it predicts little. The fairness term is to
    keep predictions diverse, see `sslzoo.losses.fairness`.

    The paper begins at 1/C. In microsoft/Semi-supervised-learning a version begins at 1, which lets
    nothing pass at first.

    Needs: items with labels, and unlabeled ones. See `sslzoo.data.Paired`. Other than images need
    two layers as `augment`.

    Known weakness: The fairness term has no lower bound, and a batch with few confident rows
    estimates it badly.

    Args:
        backbone, classes, unlabeled_weight, momentum, augment: As for `FixMatch`.
        running_momentum: Of t, of p and of the histogram. Default: 0.999, for 2^20 steps. A short
            run needs less.
        fairness_weight: Default: 0.01, the code's for CIFAR-10. The paper has up to 0.05.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("freematch", "micro", 8, classes=10)
        >>> round(float(model.running.of("confidence")), 3)
        0.1
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        running_momentum: float = 0.999,
        fairness_weight: float = 0.01,
        unlabeled_weight: float = 1.0,
        momentum: float = 0.999,
        augment: Any = "fixmatch",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, unlabeled_weight, momentum, augment, seed, name)
        in_range("running_momentum", running_momentum, 0, 1, high_open=True)
        self.fairness_weight = float(at_least("fairness_weight", fairness_weight, 0))
        even = [1 / classes] * classes
        first = {"confidence": 1 / classes, "probabilities": even, "histogram": even}
        self.running = nn.RunningMeans(float(running_momentum), first)

    def means(self, logits: Any) -> dict:
        """{name: running mean after this step}, of the logits of the weak views."""
        everyone = backends.gather(ops.softmax(ops.cast(logits, "float32")))  # of all replicas
        predicted = ops.one_hot(ops.argmax(everyone, axis=-1), self.classes, dtype="float32")
        now = {
            "confidence": ops.mean(ops.max(everyone, axis=-1)),
            "probabilities": ops.mean(everyone, axis=0),
            "histogram": ops.mean(predicted, axis=0),
        }
        return {name: self.running.next(name, value) for name, value in now.items()}

    def unlabeled_terms(self, logits: dict, batch: dict) -> dict:
        means = self.means(logits["weak"])
        for name, value in means.items():
            self.keep(f"running_{name}", value)
        labels, confidence = losses.pseudo_labels(logits["weak"])
        thresholds = losses.adaptive_thresholds(means["probabilities"], means["confidence"])
        mask = ops.cast(confidence >= ops.take(thresholds, labels), "float32")
        self.track("threshold", ops.mean(thresholds))
        self.track("mask", ops.mean(mask))
        # Which rows pass is a matter of the global batch.
        strong, passed = backends.gather(logits["strong"]), backends.gather(mask)
        fairness = losses.fairness(strong, passed, means["probabilities"], means["histogram"])
        loss = losses.confident_cross_entropy(logits["strong"], labels, mask)
        return {
            "unlabeled": self.weight() * loss,
            "fairness": self.fairness_weight * fairness,
        }

    def after_step(self, batch: dict) -> None:
        super().after_step(batch)
        self.running.move(batch)
