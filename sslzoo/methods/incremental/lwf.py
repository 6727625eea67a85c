from typing import Any

import keras

from sslzoo import losses
from sslzoo.checks import above, at_least, one_of
from sslzoo.methods.incremental._incremental import Incremental
from sslzoo.nn import ema


@keras.saving.register_keras_serializable("sslzoo")
class LwF(Incremental):
    """Li & Hoiem 2016, "Learning without Forgetting", arXiv:1606.09282.

        loss = cross_entropy + distillation_weight * distillation

    The loss reads images of the new task alone. The cross-entropy is of the softmax over the
    competing classes (equation 1 of the paper). The distillation keeps the outputs for old classes
    near those of the network before the task. Both are softened by T (equations 2 and 3, without
    the factor T^2). The first task has no distillation.

    The old network is frozen and sees the same augmented views as the new one. The paper and
    mammoth record its answers once. All old classes share one softmax, as in mammoth and PyCIL. The
    paper has one for each task. The paper's warm-up, which first trains the new columns alone, is
    left out.

    Needs: images and the labels of the open task. No image is kept.

    Known weakness: Where all classes compete, it answers with the last task. Nothing compares new
    classes with old ones.

    Args:
        backbone: Network from images to features (N, D).
        classes: C, the number of classes of all tasks together.
        distillation_weight: lambda_o of the paper, which has 1. PyCIL has 3, mammoth 0.5.
        temperature: T. The paper has 2.
        competing: Classes in the softmax of the cross-entropy. "seen" takes all classes so far, as
            in mammoth and in the published class-incremental figures. "new" takes those of the
            task, as in PyCIL and with the paper's head for each task. New images then do not push
            old classes down (Ahn et al. 2021, arXiv:2003.13947). More of the old classes is left
            where all compete.
        augment: A preset or fields of `sslzoo.augment`, or a layer.

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
