import keras
import numpy as np
from keras import ops

from sslzoo import backends, losses, nn
from sslzoo.methods.semisupervised.fixmatch import FixMatch
from sslzoo.training.feed import named_arrays


@keras.saving.register_keras_serializable("sslzoo")
class FlexMatch(FixMatch):
    """Zhang et al. 2021, "FlexMatch: Boosting Semi-Supervised Learning with Curriculum Pseudo
    Labeling", arXiv:2110.08263.

    FixMatch with a threshold per class, 1[max q_u >= T(argmax q_u)], T(c) = threshold * M(beta(c)):
    low for a class that few images have been learned of, see `sslzoo.losses.flexible_thresholds`.
    What is learned stands in a memory of one number per unlabelled image, the class of its last
    prediction with a confidence above the FIXED threshold, -1 before the first. The thresholds of a
    step are those of the memory before it (TorchSSL's order).

    Needs: as FixMatch, and `index`, the rows of the unlabelled images; no index twice in a batch.
    Known weakness: while the memory is empty every prediction passes, right or wrong.

    Args:
        backbone, classes, threshold, unlabeled_weight, momentum, augment: as FixMatch.
        unlabeled_size: N, the number of unlabelled images.

    Attributes:
        memory: int32 (N,), -1 or 0..C-1. Part of checkpoints, not of weights: it is about these
        images.
    """

    label_fields = ("labels", "index")

    def __init__(
        self,
        backbone,
        classes,
        unlabeled_size,
        threshold=0.95,
        unlabeled_weight=1.0,
        momentum=0.999,
        augment="fixmatch",
        seed=0,
        name=None,
    ):
        super().__init__(
            backbone, classes, threshold, unlabeled_weight, momentum, augment, seed, name
        )
        if not isinstance(unlabeled_size, int) or unlabeled_size < 1:
            raise ValueError(
                f"unlabeled_size: got {unlabeled_size!r}; it must be a whole number of at least 1."
            )
        self.unlabeled_size = unlabeled_size
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
    def memory(self):
        return self.run_state.memory

    def check(self, data):
        super().check(data)
        index = np.asarray(data.get("index", []))
        if index.ndim != 1:
            raise ValueError(
                f"index: got shape {index.shape}; one row number for each unlabelled image, "
                "(M,), is needed."
            )
        if index.size and (
            index.dtype.kind not in "iu" or index.min() < 0 or index.max() >= self.unlabeled_size
        ):
            raise ValueError(
                f"index: got {index.dtype} values from {index.min()} to {index.max()}; the "
                f"memory has {self.unlabeled_size} "
                f"images, 0 to {self.unlabeled_size - 1}."
            )
        values, counts = np.unique(index, return_counts=True)
        if (counts > 1).any():
            raise ValueError(
                f"index: {values[counts.argmax()]} comes {counts.max()} times; each image once "
                "in a batch is needed."
            )

    def training_data(self, x):
        unlabeled = named_arrays(x).get("unlabeled")
        if unlabeled is not None and len(unlabeled) != self.unlabeled_size:
            raise ValueError(
                f"unlabeled: got {len(unlabeled)} images; the memory has {self.unlabeled_size} "
                "(unlabeled_size), one each is "
                "needed."
            )
        return super().training_data(x)

    def targets(self, logits, batch):
        labels, confidence = losses.pseudo_labels(logits)
        thresholds = losses.flexible_thresholds(self.memory, self.classes, self.threshold)
        self.track("threshold", ops.mean(thresholds))
        mask = confidence >= ops.take(thresholds, labels)
        self.keep("pseudo_labels", labels)
        self.keep("confidence", confidence)
        return labels, mask

    def after_step(self, batch):
        super().after_step(batch)
        if "pseudo_labels" not in batch:  # the supervised baseline looks at no unlabelled image
            return
        index = backends.gather(ops.cast(batch["index"], "int32"))
        labels = backends.gather(batch["pseudo_labels"])
        confidence = backends.gather(batch["confidence"])
        new = ops.where(confidence > self.threshold, labels, ops.take(self.memory, index))
        self.memory.assign(ops.scatter_update(self.memory, index[:, None], new))
