from typing import Any

import keras
import numpy as np

from sslzoo import losses
from sslzoo.methods.incremental._rehearsal import Rehearsal


@keras.saving.register_keras_serializable("sslzoo")
class Replay(Rehearsal):
    """Experience replay (Chaudhry et al. 2019, "On Tiny Episodic Memories in Continual Learning",
    arXiv:1902.10486): past images from a small memory are trained on together with the new ones, as
    many of them.

    loss = cross-entropy of the softmax over all classes seen so far.
    The memory is balanced by class, K / t images of each of t classes, drawn at random when their
    task ends. Reservoir sampling, the paper's, keeps classes in proportion to their images. That is
    the same in expectation where classes are of one size.
    Exemplars are repeated, each as often as the others to within one, until they are as many as the
    task's images: an epoch then has twice the steps. A memory that is larger than the task comes
    once. The paper draws half of every batch from it.

    Needs: images, labels of the open task; a memory of K images.
    Known weakness: it trains on the same few images again and again, and learns them by heart.

    Args:
        backbone: images -> features (N, D).
        classes: C, of all tasks together.
        exemplars: K; 2000 as for iCaRL.
        augment: preset or fields of `sslzoo.augment`, or a layer.

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

    def choose(self, images: np.ndarray, count: int) -> np.ndarray:
        rng = np.random.default_rng((self.seed, self.tasks_begun))
        return rng.permutation(len(images))[:count]

    def rehearsed(self, new: int, kept: int) -> np.ndarray:
        count = max(new, kept)
        return np.arange(count) * kept // count

    def compute_losses(self, batch: dict) -> dict:
        logits = self.head(self.represent(batch["view"]))
        return {"cross_entropy": losses.masked_cross_entropy(logits, batch["labels"], self.seen())}
