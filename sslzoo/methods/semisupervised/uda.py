import keras

from sslzoo import backends, losses
from sslzoo.methods.semisupervised._few_labels import FewLabels


@keras.saving.register_keras_serializable("sslzoo")
class UDA(FewLabels):
    """Xie et al. 2020, "Unsupervised Data Augmentation for Consistency Training", arXiv:1904.12848.

    loss = H(y, p(weak(x))) over the labelled images that training signal annealing keeps
         + unlabeled_weight * 1/M sum_u 1[max q_u > threshold] H(softmax(z_u / temperature),
         p(strong(u))),
    z_u the logits of weak(u), q_u = softmax(z_u), both constant. M counts all unlabelled images of
    the batch. The paper's code has the divergence in place of the cross-entropy H, which has the
    same gradient.

    Training signal annealing drops a labelled image once the probability of its class is above a
    threshold that rises from 1/C to 1 over the run, so that few labels are not learned by heart:
    `sslzoo.losses.annealed_cross_entropy`.

    Needs: images with labels, unlabeled images (`sslzoo.data.Paired`).
    Known weakness: soft labels of an unsure network keep it unsure; with 40 labels it trails
    FixMatch (TorchSSL, CIFAR-10).

    Args:
        backbone: images -> features (N, D).
        classes: C.
        threshold, temperature: .8 and .4 (paper and code, for CIFAR-10).
        annealing: "linear", "exp", "log" or None (the code's default for CIFAR-10).
        unlabeled_weight, momentum, augment: as FixMatch.
    """

    def __init__(
        self,
        backbone,
        classes,
        threshold=0.8,
        temperature=0.4,
        annealing=None,
        unlabeled_weight=1.0,
        momentum=0.999,
        augment="fixmatch",
        seed=0,
        name=None,
    ):
        super().__init__(backbone, classes, unlabeled_weight, momentum, augment, seed, name)
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold: got {threshold!r}; it must be a probability, in 0..1.")
        if not temperature > 0:
            raise ValueError(f"temperature: got {temperature!r}; it must be above 0.")
        if annealing not in (None, *losses.TSA_SCHEDULES):
            raise ValueError(
                f"annealing: got {annealing!r}; it must be None or one of {losses.TSA_SCHEDULES}."
            )
        self.threshold, self.temperature, self.annealing = (
            float(threshold),
            float(temperature),
            annealing,
        )

    def supervised(self, logits, labels):
        if self.annealing is None:
            return super().supervised(logits, labels)
        limit = losses.tsa_threshold(self.clock.progress(), self.classes, self.annealing)
        # How many are kept is a number of the global batch.
        return losses.annealed_cross_entropy(
            backends.gather(logits), backends.gather(labels), limit
        )

    def targets(self, logits, batch):
        _, confidence = losses.pseudo_labels(logits)
        return losses.sharpen(logits, self.temperature), confidence > self.threshold
