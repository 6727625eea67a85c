from typing import Any

import keras
import numpy as np

from sslzoo import losses
from sslzoo.methods.incremental._rehearsal import Rehearsal


@keras.saving.register_keras_serializable("sslzoo")
class Replay(Rehearsal):
    """Experience replay: Chaudhry et al. 2019, "On Tiny Episodic Memories in Continual Learning",
    arXiv:1902.10486.

        loss = cross-entropy of the softmax over all classes seen so far

    Each epoch trains on the new images and on as many old ones from a small memory. Each of t
    classes has K / t images there, drawn at random when its task ends. The paper uses reservoir
    sampling, which keeps classes in proportion to their images. Both agree in expectation for
    classes of equal size.

    Exemplars are repeated evenly until they are as many as the images of the task. An epoch then
    has twice the steps. A memory that is larger than the task is used once. The paper draws half of
    every batch from the memory.

    Needs: images, the labels of the open task, and a memory of K images.

    Known weakness: It trains on the same few images again and again, and memorizes them.

    Args:
        backbone: Network from images to features (N, D).
        classes: C, the number of classes of all tasks together.
        exemplars: K. iCaRL has 2000.
        augment: A preset or fields of `sslzoo.augment`, or a layer.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits").take(slice(200))
        >>> first = sslzoo.data.TaskStream(digits, digits, tasks=5)[0]
        >>> model = sslzoo.build("replay", "micro", 8, classes=10, exemplars=20)
        >>> steps = model.learn_task(first.classes, first.train, verbose=0)
        >>> model.classify(first.test.images[:4]).shape
        (4, 10)
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        exemplars: int = 2000,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, exemplars, augment, seed=seed, name=name)

    def choose(self, items: Any, count: int) -> np.ndarray:
        rng = np.random.default_rng((self.seed, self.tasks_begun))
        return rng.permutation(self.reads.count(items))[:count]

    def rehearsed(self, new: int, kept: int) -> np.ndarray:
        count = max(new, kept)
        return np.arange(count) * kept // count

    def compute_losses(self, batch: dict) -> dict:
        logits = self.head(self.represent(batch["view"]))
        return {"cross_entropy": losses.masked_cross_entropy(logits, batch["labels"], self.seen())}
