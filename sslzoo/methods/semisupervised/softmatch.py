from typing import Any

import keras
from keras import ops

from sslzoo import backends, losses, nn
from sslzoo.checks import above, in_range
from sslzoo.methods.semisupervised._few_labels import FewLabels


@keras.saving.register_keras_serializable("sslzoo")
class SoftMatch(FewLabels):
    """Chen et al. 2023, "SoftMatch: Addressing the Quantity-Quality Trade-off in Semi-supervised
    Learning", arXiv:2301.10921.

        loss = mean of H(y, p(weak(x))) over the labeled items
            + unlabeled_weight * 1/M sum_u lambda_u H(argmax q_u, p(strong(u)))
        lambda_u = exp(-min(c_u - mean, 0)^2 / (2 variance / sigmas^2))
        c_u = max of UA(q_u),  UA(q) ~ q / running mean of q

    q_u = p(weak(u)), a constant. Every image counts, and an unsure one counts less: lambda is a
    Gaussian that is cut off at 1 above its mean. Mean and variance of c are running means that hold
    this step's batch already. They begin at 1/C and 1, so at first nearly all images count. Uniform
    alignment (UA) decides about the weights alone. The pseudo-label is that of q itself.

    Needs: items with labels, and unlabeled ones. See `sslzoo.data.Paired`. Other than images need
    two layers as `augment`. UA takes all classes to be equally frequent.

    Known weakness: Wrong labels above the mean have the full weight.

    Args:
        backbone, classes, unlabeled_weight, momentum, augment: As for `FixMatch`.
        running_momentum: Of the three running means. Default: 0.999, for 2^20 steps. A short run
            needs less.
        sigmas: At a standard deviation / sigmas below the mean the weight is exp(-1/2). Default: 2,
            as in the official code.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("softmatch", "micro", 8, classes=10)
        >>> float(model.running.of("variance"))
        1.0
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        running_momentum: float = 0.999,
        sigmas: float = 2.0,
        unlabeled_weight: float = 1.0,
        momentum: float = 0.999,
        augment: Any = "fixmatch",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, unlabeled_weight, momentum, augment, seed, name)
        in_range("running_momentum", running_momentum, 0, 1, high_open=True)
        self.sigmas = float(above("sigmas", sigmas, 0))
        self.even = [1 / classes] * classes
        first = {"mean": 1 / classes, "variance": 1.0, "probabilities": self.even}
        self.running = nn.RunningMeans(float(running_momentum), first)

    def targets(self, logits: Any, batch: dict) -> tuple:
        labels, _ = losses.pseudo_labels(logits)
        q = ops.softmax(ops.cast(logits, "float32"))
        everyone = backends.gather(q)  # of all replicas
        probabilities = self._step("probabilities", ops.mean(everyone, axis=0))
        confidence = self._confidence(everyone, probabilities)
        mean = self._step("mean", ops.mean(confidence))
        count = ops.cast(ops.shape(confidence)[0], "float32")
        unbiased = ops.var(confidence) * count / ops.maximum(count - 1.0, 1.0)
        variance = self._step("variance", unbiased)
        confidence = self._confidence(q, probabilities)
        return labels, losses.truncated_gaussian(confidence, mean, variance, self.sigmas)

    def _confidence(self, q: Any, running: Any) -> Any:
        """(N,), the largest probability of each row after uniform alignment."""
        return ops.max(losses.aligned(q, self.even, running), axis=-1)

    def _step(self, name: str, value: Any) -> Any:
        """A running mean after this step, which `after_step` makes so."""
        after = self.running.next(name, value)
        self.keep(f"running_{name}", after)
        return after

    def after_step(self, batch: dict) -> None:
        super().after_step(batch)
        self.running.move(batch)
