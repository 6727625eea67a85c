from collections.abc import Sequence
from typing import Any

import keras

from sslzoo import losses, nn
from sslzoo.checks import above
from sslzoo.methods.transfer._shared_features import SharedFeatures, discriminator, right


@keras.saving.register_keras_serializable("sslzoo")
class DANN(SharedFeatures):
    """Ganin et al. 2016, "Domain-Adversarial Training of Neural Networks", arXiv:1505.07818.

        loss = mean of H(y, p(x)) over the source
            + weight * 1/2 (mean over the source of -log D(f) + mean over the target of
            -log(1 - D(f)))

    D tells the domains apart by the features f, and lowers this loss. Its gradient comes back to
    the features times -lambda, so that they raise it. lambda = 2 / (1 + exp(-slope p)) - 1 rises
    over the share p of the run. It weighs the reversed gradient alone: D itself learns at the full
    rate from the first step.

    Slope 10 is the paper's. DeepDA (jindongwang/transferlearning) has 1 by default, with which
    lambda ends at 0.46. D has two layers of 256 units as there, without its BatchNorm. See
    `sslzoo.methods.transfer._shared_features.discriminator`.

    Needs: items with labels of a source, and items of a target. See `sslzoo.data.Paired`. Source
    and target are normalized together, see the base class.

    Known weakness: The game need not settle. `domain_accuracy` is logged: near 50 % the domains
    cannot be told apart, near 100 % D has won and the features are not aligned. Classes may be
    matched with the wrong ones. The mean over a few seeds says more than one run.

    Args:
        backbone: Network from items to features (N, D).
        classes: C, the number of classes.
        weight: Of the domains' term. With 0 it is the plain classifier of the source.
        slope: How fast lambda rises.
        hidden: Units of the hidden layers of D.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits")
        >>> source, target = digits.take(slice(40)), 255 - digits.images[40:80]
        >>> batches = sslzoo.data.Paired(source, batch_size=20, ratio=1, unlabeled=target)
        >>> model = sslzoo.build("dann", "micro", 8, classes=10)
        >>> history = model.fit(batches, verbose=0)
        >>> model.classify(target).shape
        (40, 10)
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        weight: float = 1.0,
        slope: float = 10.0,
        hidden: Sequence[int] = (256, 256),
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, weight, seed, name)
        self.slope = float(above("slope", slope, 0))
        self.hidden = tuple(hidden)
        if self.weight:
            self.discriminator = discriminator(self.feature_dim, self.hidden, seed + 2)

    def alignment(self, source: Any, target: Any, batch: dict) -> tuple[str, Any]:
        rate = nn.adversarial_ramp(self.clock.progress(), self.slope)
        parts = [nn.reverse_gradient(part, rate) for part in (source, target)]
        judged = nn.one_pass(self._judge, parts)
        self.track("domain_accuracy", right(*judged))
        return "domain", losses.discriminator_loss(*judged) / 2

    def _judge(self, features: Any) -> Any:
        return self.discriminator(features, training=True)
