"""What every method that also learns a classifier shares: the head, its verb, the check of
labels.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import nn
from sslzoo.checks import check_labels, whole
from sslzoo.training.method import Method
from sslzoo.training.verbs import Verb


class Classifier(Method):
    """A `Method` with a linear head on the features.

    Args:
        backbone: images -> features (N, D).
        classes: C, the number of classes, at least 2.

    Attributes:
        head: features (N, D) -> logits (N, C).

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> from sslzoo.training.classifier import Classifier
        >>> model = Classifier(nn.backbone("micro", 8), classes=10)
        >>> model.classify(np.zeros((2, 8, 8, 3), "uint8")).shape
        (2, 10)
    """

    label_fields = ("labels",)
    verbs = {"classify": Verb("probabilities"), "encode": Verb("embedding")}

    def __init__(
        self, backbone: keras.Model, classes: int, seed: int = 0, name: str | None = None
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        self.classes = whole("classes", classes, least=2)
        rows = [(classes, None, None)]
        self.head = nn.head(backbone.output_shape[-1], rows, "head", seed=seed + 1)

    def check(self, data: dict) -> None:
        if "labels" in data:
            check_labels(data["labels"], len(data["labels"]), self.classes)

    @property
    def classifier(self) -> keras.Model:
        """The head behind `classify`: `head`, or an average of its weights over time."""
        return self.head

    @property
    def networks(self) -> list[keras.Model]:
        return [self.encoder, self.classifier]

    def classify(self, images: Any, batch_size: int = 256) -> np.ndarray:
        """Probabilities of the classes.

        Args:
            images: as for `encode`.
            batch_size: Images to process at once.

        Returns:
            float32 array (N, C), rows sum to 1.
        """
        return self.apply_verb("classify", images, batch_size)

    def classify_graph(self, images: Any) -> Any:
        return ops.softmax(ops.cast(self.classifier(self(images, training=False)), "float32"))
