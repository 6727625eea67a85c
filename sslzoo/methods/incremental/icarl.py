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

    Training (algorithm 3) uses the images of the new task and all exemplars. Each class has one
    sigmoid. The loss is binary cross-entropy. The target is the label for new classes, and
    sigmoid(logit of the old network / T) for old ones.

    Exemplars (algorithms 4 and 5) are the images whose mean feature stays closest to the mean of
    their class. Herding orders them. Each of t classes has K / t exemplars. When t grows, the last
    ones are dropped.

    The answer (algorithm 1) is the class whose mean exemplar is nearest to the feature. Both have
    length 1. The head is for training alone.

    `classify` returns the softmax of the negative squared distances. Their order is the paper's.
    The values are not calibrated probabilities. It knows the tasks that have ended, because their
    exemplars make the means.

    Needs: images, the labels of the open task, and a memory of K images.

    Known weakness: The features drift, and so do the means of classes with few exemplars.

    The mirror images that the paper's code averages into the means are not here. PyCIL's iCaRL has
    another loss: cross-entropy with distillation. The paper trains CIFAR-100 on ResNet-32 with SGD
    for 70 epochs a task, in batches of 128. Its learning rate is 2, for a loss that is a mean over
    classes. Here the loss is their sum. The rate is divided by 5 at epochs 49 and 63, and the
    weight decay is 1e-5.

    Args:
        backbone: Network from images to features (N, D).
        classes: C, the number of classes of all tasks together.
        exemplars: K. The paper has 2000. K / t is rounded down, as in PyCIL. Avalanche rounds up.
        temperature: T. The paper has none, which is 1. Van de Ven's code
            (GMvandeVen/continual-learning), source of the figures for split MNIST, has 2.
        augment: A preset or fields of `sslzoo.augment`, or a layer. It is for training.
            Exemplars are chosen without it.

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

    def choose(self, items: Any, count: int) -> np.ndarray:
        return nn.herding(self.encode(items), count)

    def remember(self, data: Any) -> None:
        super().remember(data)
        ema.copy(self.backbone, self.old_backbone)
        ema.copy(self.head, self.old_head)
        items, labels = self.exemplars.arrays()
        means = nn.class_means(self.encode(items), labels, self.classes)
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
