from typing import Any

import keras

from sslzoo import losses
from sslzoo.checks import above, at_least, one_of
from sslzoo.methods.incremental._incremental import Incremental
from sslzoo.nn import ema


@keras.saving.register_keras_serializable("sslzoo")
class LwF(Incremental):
    """Li & Hoiem 2016, "Learning without Forgetting", arXiv:1606.09282.

    loss = cross_entropy + distillation_weight * distillation, over images of the new task alone.
    The first is of the softmax over the classes that compete (equation 1 of the paper). The second
    holds the outputs for the old classes to those of the network as it was before the task, both
    softened by T (equations 2 and 3, no factor T^2). In the first task there is nothing to distill.

    The old network is frozen and answers for each view as it is trained on, so that both networks
    see the same augmentation; the paper and mammoth record its answers once. The old classes share
    one softmax, as in mammoth and PyCIL; the paper has one for each task. The paper's warm-up, the
    new columns alone at first, is left out.

    Needs: images, labels of the open task. No image is kept.
    Known weakness: where all classes compete it answers the last task, near 1 / tasks right:
    nothing compares new with old.

    Args:
        backbone: images -> features (N, D).
        classes: C, of all tasks together.
        distillation_weight: lambda_o of the paper, 1; 3 in PyCIL, .5 in mammoth.
        temperature: T, 2 in the paper.
        competing: "seen": the cross-entropy's softmax is over all classes seen so far, as in
            mammoth and in the published class-incremental figures. "new": over those of the task
            alone, as with a head for each task in the paper, and in PyCIL: new images do not push
            old classes down (Ahn et al. 2021, arXiv:2003.13947), so much more of them is left where
            all compete.
        augment: preset or fields of `sslzoo.augment`, or a layer.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits").take(slice(200))
        >>> first = sslzoo.data.TaskStream(digits, digits, tasks=5)[0]
        >>> model = sslzoo.build("lwf", "micro", 8, classes=10)
        >>> steps = model.learn_task(first.classes, first.train, verbose=0)
        >>> model.classify(first.test.images[:4]).shape
        (4, 10)
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        distillation_weight: float = 1.0,
        temperature: float = 2.0,
        competing: str = "seen",
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, augment, seed=seed, name=name)
        self.distillation_weight = at_least("distillation_weight", distillation_weight, 0)
        self.temperature = above("temperature", temperature, 0)
        self.competing = one_of("competing", competing, ("seen", "new"))
        self.old_backbone, self.old_head = ema.target(backbone), ema.target(self.head)

    def compute_losses(self, batch: dict) -> dict:
        logits = self.head(self.represent(batch["view"]))
        before = self.old_head(self.old_backbone(batch["view"], training=False))
        competing = self.seen() if self.competing == "seen" else self.new()
        kept = losses.distillation(logits, before, self.temperature, self.old())
        return {
            "cross_entropy": losses.masked_cross_entropy(logits, batch["labels"], competing),
            "distillation": self.distillation_weight * kept,
        }

    def remember(self, data: Any) -> None:
        ema.copy(self.backbone, self.old_backbone)
        ema.copy(self.head, self.old_head)
