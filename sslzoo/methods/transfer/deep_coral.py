from typing import Any

import keras

from sslzoo import losses
from sslzoo.methods.transfer._shared_features import SharedFeatures


@keras.saving.register_keras_serializable("sslzoo")
class DeepCORAL(SharedFeatures):
    """Sun & Saenko 2016, "Deep CORAL: Correlation Alignment for Deep Domain Adaptation",
    arXiv:1607.01719.

        loss = mean of H(y, p(x)) over the source + weight * |C_s - C_t|_F^2 / (4 D^2)

    C are the covariances of the features (N, D) of each domain in the batch. The weight is the same
    in all steps.

    The paper aligns the logits, with a weight at which both terms end about equal. DeepDA
    (jindongwang/transferlearning) aligns the features that the classifier reads, with weight 10, as
    here.

    Needs: items with labels of a source, and items of a target. See `sslzoo.data.Paired`. Source
    and target are normalized together, see the base class.

    Known weakness: It sees neither means nor classes. On Office-31 it is no better than the source
    alone (DeepDA: 81.9 % against 82.0 %).

    Args:
        backbone: Network from items to features (N, D).
        classes: C, the number of classes.
        weight: Of the distance. With 0 it is the plain classifier of the source.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits")
        >>> source, target = digits.take(slice(40)), 255 - digits.images[40:80]
        >>> batches = sslzoo.data.Paired(source, batch_size=20, ratio=1, unlabeled=target)
        >>> model = sslzoo.build("deep_coral", "micro", 8, classes=10)
        >>> history = model.fit(batches, verbose=0)
        >>> model.classify(target).shape
        (40, 10)
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        weight: float = 10.0,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, weight, seed, name)

    def alignment(self, source: Any, target: Any, batch: dict) -> tuple[str, Any]:
        return "coral", losses.coral(source, target)
