from typing import Any

import keras

from sslzoo import losses
from sslzoo.checks import in_range
from sslzoo.methods.semisupervised._few_labels import FewLabels


@keras.saving.register_keras_serializable("sslzoo")
class PseudoLabel(FewLabels):
    """Lee 2013, "Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method for Deep
    Neural Networks", ICML 2013 Workshop on Challenges in Representation Learning.

        loss = mean of H(y, p(weak(x))) over the labeled images
            + w(k) * 1/M sum_u 1[max q_u >= threshold] H(argmax q_u, p(weak(u)))

    q_u is the same prediction as a constant. w rises linearly from 0 to unlabeled_weight over the
    share `ramp` of the run.

    The paper has no threshold, and ramps to 3 over a fixed number of steps. Threshold, weight and
    ramp are TorchSSL's here. TorchSSL also keeps unlabeled images out of BatchNorm. Here they are
    in the one pass, as for FixMatch.

    Needs: images with labels, and unlabeled images. See `sslzoo.data.Paired`.

    Known weakness: A view that is its own target can only become surer of itself, right or wrong.
    With few labels the method gains little over the supervised baseline.

    Args:
        backbone: Network from images to features (N, D).
        classes: C, the number of classes.
        threshold: The lowest confidence of a pseudo-label. Default: 0.95.
        ramp: The share of the run in which w rises. Default: 0.4. With 0, the first step has the
            full weight.
        unlabeled_weight, momentum, augment: As for `FixMatch`. Only the weak view is drawn.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("pseudo_label", "micro", 8, classes=10, ramp=0.2)
        >>> model.classify(sslzoo.data.load("digits").images[:4]).shape
        (4, 10)
    """

    unlabeled_views = ("weak",)

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        threshold: float = 0.95,
        ramp: float = 0.4,
        unlabeled_weight: float = 1.0,
        momentum: float = 0.999,
        augment: Any = "fixmatch",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, unlabeled_weight, momentum, augment, seed, name)
        self.threshold = float(in_range("threshold", threshold, 0, 1))
        self.ramp = float(in_range("ramp", ramp, 0, 1))

    def targets(self, logits: Any, batch: dict) -> tuple:
        labels, confidence = losses.pseudo_labels(logits)
        return labels, confidence >= self.threshold
