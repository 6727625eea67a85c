from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from sslzoo import losses, nn
from sslzoo.checks import in_range, refused
from sslzoo.methods.transfer._shared_features import SharedFeatures, discriminator, right
from sslzoo.nn import ema


@keras.saving.register_keras_serializable("sslzoo")
class ADDA(SharedFeatures):
    """Tzeng et al. 2017, "Adversarial Discriminative Domain Adaptation", arXiv:1702.05464.

        first:  loss = mean of H(y, p(x)) over the source
        then:   loss of D = 1/2 (mean over the source of -log D(S(x))
                    + mean over the target of -log(1 - D(T(x))))
                loss of T = 1/2 mean over the target of -log D(T(x))

    The run has two phases. In the share `pretrain` of it, a source encoder S and a classifier
    learn. Then both stay as they are. T, a copy of S, learns features of the target that D takes
    for features of the source. Both players step at once. At the end the classifier reads T.

    The official code (erictzeng/adda) runs the phases as two programs, with Adam (rate 2e-4, beta1
    0.5) and an L2 penalty in the second. D has two layers of 500 units, here with ReLU instead of
    its leaky one. The factors 1/2 are its mean over both domains.

    S and T never see the other domain. With BatchNorm, T ends with statistics of the target. S is
    in inference mode in the second phase.

    Needs: items with labels of a source, and as many items of a target in a batch. See
    `sslzoo.data.Paired` with ratio 1.

    Known weakness: Nothing but its start ties T to the classes, so a long second phase can exchange
    them. `domain_accuracy` is logged. It says whether D has won.

    Args:
        backbone: Network from items to features (N, D). It is S, then T.
        classes: C, the number of classes.
        pretrain: The share of the first phase. With 1 it is the plain classifier of the source.
        hidden: Units of the hidden layers of D.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits")
        >>> source, target = digits.take(slice(40)), 255 - digits.images[40:80]
        >>> batches = sslzoo.data.Paired(source, batch_size=20, ratio=1, unlabeled=target)
        >>> model = sslzoo.build("adda", "micro", 8, classes=10)
        >>> history = model.fit(batches, verbose=0)
        >>> model.classify(target).shape
        (40, 10)
    """

    ablations = {"source_alone": {"hyperparameters": {"pretrain": 1.0}}}

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        pretrain: float = 0.5,
        hidden: Sequence[int] = (500, 500),
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, 1.0, seed, name)
        self.pretrain = float(in_range("pretrain", pretrain, 0, 1, low_open=True))
        self.hidden = tuple(hidden)
        self.discriminator = discriminator(self.feature_dim, self.hidden, seed + 2)
        self.source_backbone = ema.target(self.backbone)
        self.source_head = ema.target(self.head)

    @property
    def classifier(self) -> keras.Model:
        return self.source_head

    def training_data(self, x: Any) -> Any:
        """ValueError also where a batch has more of the target than of the source."""
        ratio = getattr(x, "ratio", 1)
        if ratio != 1:
            raise refused("ratio", ratio, "be 1: a step of ADDA reads one domain or the other")
        return super().training_data(x)

    def adversarial(self) -> Any:
        """Whether this step is of the second phase, float32: 0 or 1."""
        return ops.cast(self.clock.progress() >= self.pretrain, "float32")

    def compute_losses(self, batch: dict) -> dict:
        second = self.adversarial()
        # A step needs features of one domain alone.
        items = ops.where(second > 0, batch["target"], batch["source"])
        features = self.represent(items)
        logits = self.head(features, training=True)
        supervised = losses.confident_cross_entropy(logits, batch["labels"])
        known = self.source_backbone(batch["source"], training=False)
        constants = [ops.stop_gradient(part) for part in (known, features)]
        real, fake = nn.one_pass(self.discriminator, constants)
        judged = nn.frozen(self.discriminator)(features)
        self.track("domain_accuracy", right(real, fake))
        return {
            "supervised": (1.0 - second) * supervised,
            "discriminator": second * losses.discriminator_loss(real, fake) / 2,
            "adversarial": second * losses.generator_loss(judged) / 2,
        }

    def after_step(self, batch: dict) -> None:
        # The optimizer's momentum moves the head a little in the second phase. The copy stays.
        second = self.adversarial()
        ema.update_for_evaluation(self.backbone, self.source_backbone, second)
        ema.update_for_evaluation(self.head, self.source_head, second)
