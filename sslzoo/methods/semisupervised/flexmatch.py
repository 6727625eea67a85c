from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import backends, losses, nn
from sslzoo.checks import check_index, refused, whole
from sslzoo.methods.semisupervised.fixmatch import FixMatch
from sslzoo.training.feed import named_arrays


@keras.saving.register_keras_serializable("sslzoo")
class FlexMatch(FixMatch):
    """Zhang et al. 2021, "FlexMatch: Boosting Semi-Supervised Learning with Curriculum Pseudo
    Labeling", arXiv:2110.08263.

    FixMatch with a threshold for each class:

        1[max q_u >= T(argmax q_u)], T(c) = threshold * M(beta(c))

    T is low for a class that few images have been learned of. See
    `sslzoo.losses.flexible_thresholds`. A memory holds one number for each unlabeled image: the
    class of its last prediction above the FIXED threshold, or -1 before the first. The thresholds
    of a step come from the memory before it, as in TorchSSL.

    Needs: the same as FixMatch, and `index`, the rows of the unlabeled images. No index may occur
    twice in a batch.

    Known weakness: While the memory is empty, every prediction passes, right or wrong.

    Args:
        backbone, classes, threshold, unlabeled_weight, momentum, augment: As for `FixMatch`.
        unlabeled_size: N, the number of unlabeled images.

    Attributes:
        memory: int32 (N,), -1 or 0..C-1. Checkpoints hold it. Weights files do not, because it is
            about these images.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("flexmatch", "micro", 8, classes=10, unlabeled_size=1297)
        >>> tuple(model.memory.shape)
        (1297,)
    """

    label_fields = ("labels", "index")

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        unlabeled_size: int,
        threshold: float = 0.95,
        unlabeled_weight: float = 1.0,
        momentum: float = 0.999,
        augment: Any = "fixmatch",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(
            backbone, classes, threshold, unlabeled_weight, momentum, augment, seed, name
        )
        self.unlabeled_size = whole("unlabeled_size", unlabeled_size, least=1)
        self.run_state = nn.State(name="run_state")
        self.run_state.memory = self.run_state.add_weight(
            shape=(unlabeled_size,),
            initializer=keras.initializers.Constant(-1),
            dtype="int32",
            trainable=False,
            aggregation="only_first_replica",  # every replica writes what all of them have gathered
            name="memory",
        )

    @property
    def memory(self) -> keras.Variable:
        return self.run_state.memory

    def check(self, data: dict) -> None:
        super().check(data)
        if "index" not in data:
            return
        index = check_index(data["index"], size=self.unlabeled_size)
        values, counts = np.unique(index, return_counts=True)
        if (counts > 1).any():
            got = f"{values[counts.argmax()]} {counts.max()} times"
            raise refused("index", got, "hold each image once")

    def training_data(self, x: Any) -> Any:
        unlabeled = named_arrays(x).get("unlabeled")
        if unlabeled is not None and len(unlabeled) != self.unlabeled_size:
            needed = f"be {self.unlabeled_size} (unlabeled_size), as many as the memory has"
            raise refused("unlabeled", f"{len(unlabeled)} images", needed)
        return super().training_data(x)

    def targets(self, logits: Any, batch: dict) -> tuple:
        labels, confidence = losses.pseudo_labels(logits)
        thresholds = losses.flexible_thresholds(self.memory, self.classes, self.threshold)
        self.track("threshold", ops.mean(thresholds))
        mask = confidence >= ops.take(thresholds, labels)
        self.keep("pseudo_labels", labels)
        self.keep("confidence", confidence)
        return labels, mask

    def after_step(self, batch: dict) -> None:
        super().after_step(batch)
        if "pseudo_labels" not in batch:  # the supervised baseline looks at no unlabeled image
            return
        index = backends.gather(ops.cast(batch["index"], "int32"))
        labels = backends.gather(batch["pseudo_labels"])
        confidence = backends.gather(batch["confidence"])
        old = backends.take_rows(self.memory, index)
        new = ops.where(confidence > self.threshold, labels, old)
        backends.put_rows(self.memory, index, new)
