from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import losses, nn
from sslzoo.checks import above
from sslzoo.methods.incremental._rehearsal import Rehearsal
from sslzoo.nn import ema


@keras.saving.register_keras_serializable("sslzoo")
class ICaRL(Rehearsal):
    """Rebuffi et al. 2017, "iCaRL: Incremental Classifier and Representation Learning",
    arXiv:1611.07725.

    Training (algorithm 3), on the images of the new task and all exemplars: one sigmoid a class and
    loss = binary cross-entropy with the label for the new classes, with sigmoid(old network's logit
    / T) for the old ones.
    Exemplars (algorithms 4 and 5): the images whose mean feature follows that of their class, in
    the order of herding. Each of t classes has K / t, cut from the end when t grows.
    Answer (algorithm 1): the class whose mean of exemplars is nearest to the feature, both of
    length 1. The head is for training alone.

    `classify` gives the softmax of minus the squared distances. The order is the paper's; the
    values are no probabilities of being right. It answers the tasks that have ended, the last one
    included: their exemplars make the means.

    Needs: images, labels of the open task; a memory of K images.
    Known weakness: the means follow the features, which drift for classes with few exemplars.

    Args:
        backbone: images -> features (N, D).
        classes: C, of all tasks together.
        exemplars: K, 2000 in the paper. K / t is rounded down (PyCIL; avalanche rounds up).
        temperature: T; the paper has none, 1. Van de Ven's code (GMvandeVen/continual-learning),
            source of the figures for split MNIST, has 2.
        augment: preset or fields of `sslzoo.augment`, or a layer, for training; exemplars are
            chosen without it.

    Not here: the mirror images that the paper's code averages into the means. PyCIL's iCaRL is
    another loss, cross-entropy with distillation. The paper's recipe for CIFAR-100, ResNet-32: 70
    epochs a task of SGD, learning rate 2 (for a loss that is a mean over classes, here it is their
    sum), divided by 5 at 49 and 63, weight decay 1e-5, batch 128.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits").take(slice(200))
        >>> first = sslzoo.data.TaskStream(digits, digits, tasks=5)[0]
        >>> model = sslzoo.build("icarl", "micro", 8, classes=10, exemplars=20)
        >>> steps = model.learn_task(first.classes, first.train, verbose=0)
        >>> model.classify(first.test.images[:4]).shape
        (4, 10)
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        exemplars: int = 2000,
        temperature: float = 1.0,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, exemplars, augment, seed=seed, name=name)
        self.temperature = above("temperature", temperature, 0)
        self.old_backbone, self.old_head = ema.target(backbone), ema.target(self.head)
        shape = (classes, backbone.output_shape[-1])
        self.means = self.add_weight(
            shape=shape, dtype="float32", initializer="zeros", trainable=False, name="means"
        )

    @property
    def networks(self) -> list[keras.Model]:
        return [self.encoder]

    @property
    def tasks_learned(self) -> int:
        return int(ops.convert_to_numpy(self.tasks_done))

    def compute_losses(self, batch: dict) -> dict:
        logits = self.head(self.represent(batch["view"]))
        before = self.old_head(self.old_backbone(batch["view"], training=False))
        loss = losses.sigmoid_distillation(
            logits, batch["labels"], before, self.new(), self.old(), self.temperature
        )
        return {"icarl": loss}

    def choose(self, images: np.ndarray, count: int) -> np.ndarray:
        return nn.herding(self.encode(images), count)

    def remember(self, data: Any) -> None:
        super().remember(data)
        ema.copy(self.backbone, self.old_backbone)
        ema.copy(self.head, self.old_head)
        images, labels = self.exemplars.arrays()
        means = nn.class_means(self.encode(images), labels, self.classes)
        # published weights have means, and no exemplars
        without = ~np.isin(np.arange(self.classes), labels)
        means[without] = ops.convert_to_numpy(self.means)[without]
        self.means.assign(means)

    def scores_graph(self, images: Any) -> Any:
        """Minus the squared distance from the mean of each class, minus infinity where there is
        none.
        """
        features = losses.l2_normalize(self(images, training=False))
        distance = ops.sum(ops.square(features[:, None] - self.means), axis=-1)  # (N, C)
        answered = ops.logical_and(self.seen(), ops.less(self.task_of, self.tasks_done))
        return ops.where(answered, -distance, -float("inf"))
