from typing import Any

import keras
from keras import ops

from sslzoo import losses
from sslzoo.checks import in_range
from sslzoo.methods.semisupervised._few_labels import FewLabels, constant_logits


@keras.saving.register_keras_serializable("sslzoo")
class MeanTeacher(FewLabels):
    """Tarvainen & Valpola 2017, "Mean teachers are better role models: Weight-averaged consistency
    targets improve semi-supervised deep learning results", arXiv:1703.01780.

        loss = mean of H(y, p(weak(x))) over the labeled items
            + w(k) * 1/(M C) sum_u sum_c (p_c(weak(u)) - q_c)^2,  q = p'(weak'(u)), a constant

    p' is the teacher: the student with weights averaged over time. It is also what is evaluated. It
    is updated after each step of the student. w rises linearly from 0 to unlabeled_weight over the
    share `ramp` of the run.

    The gradient is that of the STUDENT on its own view. A known library reads the student's logits
    from the teacher's pass (microsoft/Semi-supervised-learning, issues 102 and 226). There the term
    has no gradient, and its published figures equal the supervised ones.

    The teacher normalizes by its batch and leaves its statistics as they are, as in TorchSSL, whose
    weight and ramp these are. The student's unlabeled view is in BatchNorm's one pass, as for
    FixMatch.

    Needs: items with labels, and unlabeled ones. See `sslzoo.data.Paired`. Other than images need
    two layers as `augment`.

    Known weakness: The teacher is close to the student, so it repeats its errors. With few labels
    it trails the methods that also use a strong view.

    Args:
        backbone, classes, augment: As for `PiModel`.
        ramp: The share of the run in which w rises. Default: 0.4.
        unlabeled_weight: Default: 50. Its size counts on the mean over classes.
        momentum: Momentum of the teacher. Default: 0.999. It is warmed up, see `sslzoo.nn.ema`.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits")
        >>> few = {"labels_per_class": 4, "steps_per_epoch": 1}
        >>> batches = sslzoo.data.Paired(digits, batch_size=10, ratio=2, **few)
        >>> model = sslzoo.build("mean_teacher", "micro", 8, classes=10, augment="digits")
        >>> history = model.fit(batches, verbose=0)
        >>> model.classify(digits.images[:4]).shape
        (4, 10)
    """

    unlabeled_views = ("weak", "weak2")

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        ramp: float = 0.4,
        unlabeled_weight: float = 50.0,
        momentum: float = 0.999,
        augment: Any = "fixmatch",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, unlabeled_weight, momentum, augment, seed, name)
        self.ramp = float(in_range("ramp", ramp, 0, 1))

    def passed(self) -> tuple[str, ...]:
        """The second view is the teacher's."""
        return super().passed()[:2]

    def unlabeled_terms(self, logits: dict, batch: dict) -> dict:
        teacher = (self.average_backbone, self.average_head)
        answers = ops.cast(constant_logits(teacher, batch["weak2"]), "float32")
        loss = losses.squared_consistency(logits["weak"], ops.softmax(answers))
        return {"unlabeled": self.weight() * loss}
