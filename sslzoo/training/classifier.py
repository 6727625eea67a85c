"""What every method that also learns a classifier shares: the head, its verb, the check of
labels.
"""

import numpy as np
from keras import ops

from sslzoo import nn
from sslzoo.training.method import Method
from sslzoo.training.verbs import Verb


class Classifier(Method):
    """A `Method` with a linear head on the features.

    Args:
        backbone: images -> features (N, D).
        classes: C, the number of classes, at least 2.

    Attributes:
        head: features (N, D) -> logits (N, C).
    """

    label_fields = ("labels",)
    verbs = {"classify": Verb("probabilities"), "encode": Verb("embedding")}

    def __init__(self, backbone, classes, seed=0, name=None):
        super().__init__(backbone, seed=seed, name=name)
        if not isinstance(classes, int) or classes < 2:
            raise ValueError(f"classes: got {classes!r}; it must be a whole number of at least 2.")
        self.classes = classes
        self.head = nn.head(
            backbone.output_shape[-1], [(classes, None, None)], "head", seed=seed + 1
        )

    def check(self, data):
        labels = np.asarray(data["labels"]) if "labels" in data else np.zeros(0)
        if labels.size and not (labels.min() >= 0 and labels.max() < self.classes):
            raise ValueError(
                f"labels: got values from {labels.min()} to {labels.max()}; this model has "
                f"{self.classes} classes, 0 to "
                f"{self.classes - 1}."
            )

    @property
    def classifier(self):
        """The head behind `classify`: `head`, or an average of its weights over time."""
        return self.head

    @property
    def networks(self):
        return [self.encoder, self.classifier]

    def classify(self, images, batch_size=256):
        """Probabilities of the classes.

        Args:
            images: as for `encode`.
            batch_size: images a chunk.

        Returns:
            float32 array (N, C), rows sum to 1.
        """
        return self.apply_verb("classify", images, batch_size)

    def classify_graph(self, images):
        return ops.softmax(ops.cast(self.classifier(self(images, training=False)), "float32"))
