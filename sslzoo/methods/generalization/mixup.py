from typing import Any

import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo.losses.semisupervised import cross_entropies
from sslzoo.methods.generalization.erm import ERM


@keras.saving.register_keras_serializable("sslzoo")
class Mixup(ERM):
    """Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization", arXiv:1710.09412.

        loss = mean of H(lambda y_i + (1 - lambda) y_j, softmax(f(lambda x_i + (1 - lambda) x_j)))

    lambda ~ Beta(alpha, alpha). The partner j is a random row of the batch. With rows of several
    domains, most pairs are from two of them. DomainBed pairs whole minibatches of two domains, with
    one lambda each.

    Needs: items that are arrays of floats, with labels. Not tokens.

    Known weakness: It smooths, and does not look for what holds in every domain.

    Args:
        backbone, classes, augment: As for `ERM`.
        alpha: Default: 0.2, as in DomainBed.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits").take(slice(32))
        >>> model = sslzoo.build("mixup", "micro", 8, classes=10)
        >>> history = model.fit(digits.images, digits.labels, batch_size=32, verbose=0)
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        alpha: float = 0.2,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, augment, seed, name)
        self.mix_up_draws = augmentation.MixUpDraws(alpha, seed=seed + 3)

    def views(self, batch: dict) -> dict:
        batch = super().views(batch)
        return {**batch, "mix": self.mix_up_draws(batch["view"])}

    def compute_losses(self, batch: dict) -> dict:
        labels = ops.one_hot(batch["labels"], self.classes, dtype="float32")
        view, targets = augmentation.mix_up([batch["view"], labels], batch["mix"])
        logits = self.head(self.represent(view), training=True)
        return {"risk": ops.mean(cross_entropies(logits, targets))}
