from typing import Any

import keras
from keras import ops

from sslzoo import losses
from sslzoo.checks import in_range
from sslzoo.methods.semisupervised._few_labels import FewLabels


@keras.saving.register_keras_serializable("sslzoo")
class PiModel(FewLabels):
    """Laine & Aila 2017, "Temporal Ensembling for Semi-Supervised Learning", arXiv:1610.02242: the
    Pi-Model.

        loss = mean of H(y, p(weak(x))) over the labeled items
            + w(k) * 1/(M C) sum_u sum_c (p_c(weak'(u)) - q_c)^2,  q = p(weak(u)), a constant

    weak and weak' are two random views. w rises linearly from 0 to unlabeled_weight over the share
    `ramp` of the run.

    The paper's ramp is Gaussian, and both views have a gradient. Weight, ramp and the constant q
    are those of google-research/mixmatch and TorchSSL. Both keep unlabeled items out of BatchNorm's
    statistics. Here they are in the one pass, as for FixMatch.

    Needs: items with labels, and unlabeled ones. See `sslzoo.data.Paired`. Other than images need
    two layers as `augment`.

    Known weakness: The two views differ little, so they soon agree, right or wrong. With few labels
    it gains little over the supervised baseline.

    Args:
        backbone: Network from items to features (N, D).
        classes: C, the number of classes.
        ramp: The share of the run in which w rises. Default: 0.4. With 0, the first step has the
            full weight.
        unlabeled_weight: Default: 10. Its size counts on the mean over classes.
        momentum, augment: As for `FixMatch`. Only the weak view is drawn.

    Example:
        >>> import keras, numpy as np, sslzoo
        >>> inputs = keras.Input((2,), name="vectors")
        >>> network = keras.Model(inputs, keras.layers.Dense(8, "relu")(inputs))
        >>> noise = [keras.layers.GaussianNoise(0.1), keras.layers.GaussianNoise(0.1)]
        >>> model = sslzoo.build("pi_model", network, classes=2, augment=noise)
        >>> model.classify(np.zeros((4, 2), "float32")).shape
        (4, 2)
    """

    unlabeled_views = ("weak", "weak2")

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        ramp: float = 0.4,
        unlabeled_weight: float = 10.0,
        momentum: float = 0.999,
        augment: Any = "fixmatch",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, unlabeled_weight, momentum, augment, seed, name)
        self.ramp = float(in_range("ramp", ramp, 0, 1))

    def unlabeled_terms(self, logits: dict, batch: dict) -> dict:
        targets = ops.softmax(ops.cast(logits["weak"], "float32"))
        loss = losses.squared_consistency(logits["weak2"], targets)
        return {"unlabeled": self.weight() * loss}
