from typing import Any

import keras

from sslzoo import losses
from sslzoo.methods.incremental._incremental import Incremental


@keras.saving.register_keras_serializable("sslzoo")
class Naive(Incremental):
    """Fine-tuning on one task after the other (van de Ven & Tolias 2019, "Three scenarios for
    continual learning", arXiv:1904.07734).

        loss = cross-entropy of the softmax over all classes seen so far

    It is the lower bound of all methods that learn tasks in sequence. Tables call it "none" or
    "SGD". The upper bound is joint training on all tasks at once:
    `sslzoo.evaluate.incremental(..., joint=True)`.

    Needs: images and the labels of the open task.

    Known weakness: It forgets. Where classes compete, it answers only with the last task.

    Args:
        backbone: Network from images to features (N, D).
        classes: C, the number of classes of all tasks together.
        augment: A preset or fields of `sslzoo.augment`, or a layer.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits").take(slice(200))
        >>> first = sslzoo.data.TaskStream(digits, digits, tasks=5)[0]
        >>> model = sslzoo.build("naive", "micro", 8, classes=10)
        >>> steps = model.learn_task(first.classes, first.train, verbose=0)
        >>> model.classify(first.test.images[:4]).shape
        (4, 10)
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, augment, seed=seed, name=name)

    def compute_losses(self, batch: dict) -> dict:
        logits = self.head(self.represent(batch["view"]))
        return {"cross_entropy": losses.masked_cross_entropy(logits, batch["labels"], self.seen())}
