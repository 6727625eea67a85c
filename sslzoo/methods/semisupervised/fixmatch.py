from typing import Any

import keras

from sslzoo import losses
from sslzoo.checks import in_range
from sslzoo.methods.semisupervised._few_labels import FewLabels


@keras.saving.register_keras_serializable("sslzoo")
class FixMatch(FewLabels):
    """Sohn et al. 2020, "FixMatch: Simplifying Semi-Supervised Learning with Consistency and
    Confidence", arXiv:2001.07685.

        loss = mean of H(y, p(weak(x))) over the labeled images
            + unlabeled_weight * 1/M sum_u 1[max q_u >= threshold] H(argmax q_u, p(strong(u)))
        q_u = p(weak(u)), a constant

    M counts all unlabeled images of the batch. Labeled, weak and strong views go through the
    network in one pass.

    The paper and google-research/fixmatch use SGD with Nesterov momentum 0.9 and weight decay 5e-4.
    Biases and BatchNorm have no decay. The rate is 0.03 * cos(7 pi k / 16 K). A batch has 64
    labeled and 448 unlabeled images, and a run 2^20 steps. Averaged weights are evaluated.

    Needs: images with labels, and unlabeled images. See `sslzoo.data.Paired`. With unlabeled_weight
    0 it is the supervised baseline.

    Known weakness: Classes that are hard at first pass the fixed threshold late or never. Other
    classes then take their images. FlexMatch addresses this.

    Args:
        backbone: Network from images to features (N, D).
        classes: C, the number of classes.
        threshold: tau, the lowest confidence of a pseudo-label.
        unlabeled_weight: lambda_u. Paper and code have 1.
        momentum: Momentum of the averaged weights. The code has 0.999. Here it is warmed up.
        augment: A preset of `sslzoo.augment.weak_strong`: "fixmatch", "digits", or a dict. For any
            kind of data, two Keras layers, the weak and the strong view.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits")
        >>> few = {"labels_per_class": 4, "steps_per_epoch": 1}
        >>> batches = sslzoo.data.Paired(digits, batch_size=10, ratio=2, **few)
        >>> model = sslzoo.build("fixmatch", "micro", 8, classes=10, augment="digits")
        >>> history = model.fit(batches, verbose=0)
        >>> model.classify(digits.images[:4]).shape
        (4, 10)
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        threshold: float = 0.95,
        unlabeled_weight: float = 1.0,
        momentum: float = 0.999,
        augment: Any = "fixmatch",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, unlabeled_weight, momentum, augment, seed, name)
        self.threshold = float(in_range("threshold", threshold, 0, 1))

    def targets(self, logits: Any, batch: dict) -> tuple:
        labels, confidence = losses.pseudo_labels(logits)
        return labels, confidence >= self.threshold
