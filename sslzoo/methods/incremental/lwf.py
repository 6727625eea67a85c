import keras

from sslzoo import losses
from sslzoo.methods.incremental._incremental import Incremental
from sslzoo.nn import ema


@keras.saving.register_keras_serializable("sslzoo")
class LwF(Incremental):
    """Li & Hoiem 2016, "Learning without Forgetting", arXiv:1606.09282.

    loss = cross_entropy + distillation_weight * distillation, over images of the new task alone.
    The first is of the softmax over the classes that compete (equation 1 of the paper); the second
    holds the outputs for the old classes to those of the network as it was before the task, both
    softened by T (equations 2 and 3, no factor T^2). In the first task there is nothing to distil.

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
        augment: preset or fields of `sslzoo.augment`.
    """

    def __init__(
        self,
        backbone,
        classes,
        distillation_weight=1.0,
        temperature=2.0,
        competing="seen",
        augment="none",
        seed=0,
        name=None,
    ):
        super().__init__(backbone, classes, augment, seed=seed, name=name)
        if competing not in ("seen", "new"):
            raise ValueError(f"competing: got {competing!r}; it must be 'seen' or 'new'.")
        if distillation_weight < 0:
            raise ValueError(
                f"distillation_weight: got {distillation_weight}; it must be at least 0."
            )
        if temperature <= 0:
            raise ValueError(f"temperature: got {temperature}; it must be above 0.")
        self.old_backbone, self.old_head = ema.target(backbone), ema.target(self.head)
        self.distillation_weight, self.temperature, self.competing = (
            distillation_weight,
            temperature,
            competing,
        )

    def compute_losses(self, batch):
        logits = self.head(self.represent(batch["view"]))
        before = self.old_head(self.old_backbone(batch["view"], training=False))
        competing = self.seen() if self.competing == "seen" else self.new()
        kept = losses.distillation(logits, before, self.temperature, self.old())
        return {
            "cross_entropy": losses.masked_cross_entropy(logits, batch["labels"], competing),
            "distillation": self.distillation_weight * kept,
        }

    def remember(self, data):
        # Through host arrays: on JAX two variables must not share a buffer.
        self.old_backbone.set_weights(self.backbone.get_weights())
        self.old_head.set_weights(self.head.get_weights())
