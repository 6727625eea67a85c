from typing import Any

import keras

from sslzoo import augment as augmentation
from sslzoo import losses
from sslzoo.checks import above, refused
from sslzoo.nn import ema
from sslzoo.training.classifier import Classifier

CROP_AND_FLIP = {"preset": "none", "crop_area": (0.08, 1.0), "flip": 0.5}


@keras.saving.register_keras_serializable("sslzoo")
class Distillation(Classifier):
    """Chen et al. 2020, "Big Self-Supervised Models are Strong Semi-Supervised Learners",
    arXiv:2006.10029, section 2: the third step of SimCLR v2.

        loss = -mean_x sum_y p(y | x; teacher) log p(y | x; student)
        p(y | x) = softmax(logits / T)

    The teacher answers for images without labels, and a student, often a smaller one, learns these
    answers. Both see the same view. The teacher stays as it is. `sslzoo simclr-v2` runs all three
    steps.

    Needs: images, and a teacher that was trained on a few labels. No labels.

    Known weakness: The student learns the teacher's mistakes too. It cannot become much better.

    Args:
        backbone: The student's network, from images to features (N, D).
        teacher: From the same images to logits (N, C), a Functional model.
        temperature: T. Both are softened by it. 1 leaves them as they are.
        augment: A preset or fields of `sslzoo.augment`, or a layer. By default crop and flip, as
            the paper distills.

    Example:
        >>> import keras, sslzoo
        >>> from sslzoo import nn
        >>> network = nn.backbone("micro", 8)
        >>> head = nn.head(network.output_shape[-1], [(10, None, None)], "head")
        >>> teacher = keras.Model(network.input, head(network.output))
        >>> model = sslzoo.build("distillation", "micro", 8, teacher=teacher, augment="digits")
        >>> history = model.fit(sslzoo.data.load("digits").images[:32], batch_size=16, verbose=0)
    """

    label_fields = ()

    def __init__(
        self,
        backbone: keras.Model,
        teacher: keras.Model,
        temperature: float = 1.0,
        augment: Any = None,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        if teacher.input_shape != backbone.input_shape:
            needed = f"read what the student reads, {backbone.input_shape}"
            raise refused("teacher", f"one that reads {teacher.input_shape}", needed)
        super().__init__(backbone, teacher.output_shape[-1], seed=seed, name=name)
        self.teacher = ema.target(teacher)
        self.temperature = above("temperature", temperature, 0)
        self.one_view = augmentation.OneView(self.reads, augment or CROP_AND_FLIP, seed=seed)

    def views(self, batch: dict) -> dict:
        return self.one_view(batch)

    def compute_losses(self, batch: dict) -> dict:
        logits = self.head(self.represent(batch["view"]), training=True)
        answers = self.teacher(batch["view"], training=False)
        return {"distillation": losses.distillation(logits, answers, self.temperature)}
