from typing import Any

import keras

from sslzoo import backends, losses
from sslzoo.checks import above, in_range, one_of
from sslzoo.methods.semisupervised._few_labels import FewLabels


@keras.saving.register_keras_serializable("sslzoo")
class UDA(FewLabels):
    """Xie et al. 2020, "Unsupervised Data Augmentation for Consistency Training", arXiv:1904.12848.

        loss = H(y, p(weak(x))) over the labeled images that training signal annealing keeps
            + unlabeled_weight * 1/M sum_u 1[max q_u > threshold] H(softmax(z_u / temperature),
            p(strong(u)))

    z_u are the logits of weak(u), and q_u = softmax(z_u). Both are constants. M counts all
    unlabeled images of the batch. The paper's code has the divergence instead of the cross-entropy
    H. Both have the same gradient.

    Training signal annealing keeps the network from memorizing a few labels. It drops a labeled
    image whose class has a probability above a threshold. The threshold rises from 1/C to 1 over
    the run. See `sslzoo.losses.annealed_cross_entropy`.

    Needs: images with labels, and unlabeled images. See `sslzoo.data.Paired`.

    Known weakness: Soft labels of an unsure network keep it unsure. With 40 labels it trails
    FixMatch (TorchSSL, CIFAR-10).

    Args:
        backbone: Network from images to features (N, D).
        classes: C, the number of classes.
        threshold, temperature: 0.8 and 0.4, as in paper and code for CIFAR-10.
        annealing: "linear", "exp", "log" or None. The code has None for CIFAR-10.
        unlabeled_weight, momentum, augment: As for `FixMatch`.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("uda", "micro", 8, classes=10, annealing="linear")
        >>> model.classify(sslzoo.data.load("digits").images[:4]).shape
        (4, 10)
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        threshold: float = 0.8,
        temperature: float = 0.4,
        annealing: str | None = None,
        unlabeled_weight: float = 1.0,
        momentum: float = 0.999,
        augment: Any = "fixmatch",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, unlabeled_weight, momentum, augment, seed, name)
        self.threshold = float(in_range("threshold", threshold, 0, 1))
        self.temperature = float(above("temperature", temperature, 0))
        self.annealing = one_of("annealing", annealing, (None, *losses.TSA_SCHEDULES))

    def supervised(self, logits: Any, labels: Any) -> Any:
        if self.annealing is None:
            return super().supervised(logits, labels)
        limit = losses.tsa_threshold(self.clock.progress(), self.classes, self.annealing)
        # How many are kept is a number of the global batch.
        logits, labels = backends.gather(logits), backends.gather(labels)
        return losses.annealed_cross_entropy(logits, labels, limit)

    def targets(self, logits: Any, batch: dict) -> tuple:
        _, confidence = losses.pseudo_labels(logits)
        return losses.sharpen(logits, self.temperature), confidence > self.threshold
