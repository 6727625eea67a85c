from typing import Any

import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo.losses.semisupervised import cross_entropies
from sslzoo.training.classifier import Classifier


@keras.saving.register_keras_serializable("sslzoo")
class ERM(Classifier):
    """Vapnik 1998, "Statistical Learning Theory": empirical risk minimization, the baseline.

        loss = mean over the batch of H(y, softmax(f(x)))

    All domains are one set. That is ordinary supervised training. With the same network, data and
    choice of settings few methods of domain generalization do better (Gulrajani & Lopez-Paz 2021,
    "In Search of Lost Domain Generalization", arXiv:2007.01434).

    Needs: items with labels. `sslzoo.data.ByDomain` gives batches with as many rows of each domain.

    Known weakness: It uses whatever predicts the labels, also what holds in these domains alone.

    Args:
        backbone: Network from items to features (N, D).
        classes: C, the number of classes.
        augment: For images, a preset or fields of `sslzoo.augment`. For any kind of data, "none" or
            a Keras layer that changes items at random.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits").take(slice(32))
        >>> model = sslzoo.build("erm", "micro", 8, classes=10)
        >>> history = model.fit(digits.images, digits.labels, batch_size=32, verbose=0)
    """

    recipe = {"optimizer": {"name": "adam", "learning_rate": 1e-3}, "schedule": "constant"}

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, seed=seed, name=name)
        self.one_view = augmentation.OneView(self.reads, augment, seed=seed)

    def views(self, batch: dict) -> dict:
        return self.one_view(batch)

    def compute_losses(self, batch: dict) -> dict:
        logits = self.head(self.represent(batch["view"]), training=True)
        return {"risk": ops.mean(cross_entropies(logits, batch["labels"]))}
