from typing import Any

import keras

from sslzoo import losses
from sslzoo.methods.incremental._incremental import Incremental


@keras.saving.register_keras_serializable("sslzoo")
class Naive(Incremental):
    """Fine-tuning on one task after the other: the lower bound of every method that learns tasks in
    sequence, "none" or "SGD" in tables (van de Ven & Tolias 2019, "Three scenarios for continual
    learning", arXiv:1904.07734).

    loss = cross-entropy of the softmax over all classes seen so far.
    On all tasks at once it is the upper bound, joint training: `sslzoo.evaluate.incremental(...,
    joint=True)`.

    Needs: images, labels of the open task.
    Known weakness: it forgets. Where classes compete, only the last task is ever answered.

    Args:
        backbone: images -> features (N, D).
        classes: C, of all tasks together.
        augment: preset or fields of `sslzoo.augment`, or a layer.

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
