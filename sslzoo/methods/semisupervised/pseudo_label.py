import keras
from keras import ops

from sslzoo import losses
from sslzoo.methods.semisupervised._few_labels import FewLabels


@keras.saving.register_keras_serializable("sslzoo")
class PseudoLabel(FewLabels):
    """Lee 2013, "Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method for Deep
    Neural Networks", ICML 2013 Workshop on Challenges in Representation Learning.

    loss = mean of H(y, p(weak(x))) over the labelled images
         + w(k) * 1/M sum_u 1[max q_u >= threshold] H(argmax q_u, p(weak(u))),   q_u the same
         prediction, constant.
    w rises linearly from 0 to unlabeled_weight over the share `ramp` of the run.

    The paper has no threshold and ramps to 3 over a fixed number of steps; threshold, weight and
    ramp here are TorchSSL's, which also keeps the unlabelled images out of BatchNorm: here they are
    in the one pass, as for FixMatch.

    Needs: images with labels, unlabeled images (`sslzoo.data.Paired`).
    Known weakness: a view that is its own target can only become surer of what it says, right or
    wrong; with few labels it gains little over the supervised baseline.

    Args:
        backbone: images -> features (N, D).
        classes: C.
        threshold: .95.
        ramp: .4 of the run; 0: the full weight from the first step.
        unlabeled_weight, momentum, augment: as FixMatch; only the weak view of the preset is drawn.
    """

    unlabeled_views = ("weak",)

    def __init__(
        self,
        backbone,
        classes,
        threshold=0.95,
        ramp=0.4,
        unlabeled_weight=1.0,
        momentum=0.999,
        augment="fixmatch",
        seed=0,
        name=None,
    ):
        super().__init__(backbone, classes, unlabeled_weight, momentum, augment, seed, name)
        for field, value in (("threshold", threshold), ("ramp", ramp)):
            if not 0 <= value <= 1:
                raise ValueError(f"{field}: got {value!r}; it must be in 0..1.")
        self.threshold, self.ramp = float(threshold), float(ramp)

    def weight(self):
        return self.unlabeled_weight * (
            ops.minimum(1.0, self.clock.progress() / self.ramp) if self.ramp else 1.0
        )

    def targets(self, logits, batch):
        labels, confidence = losses.pseudo_labels(logits)
        return labels, confidence >= self.threshold
