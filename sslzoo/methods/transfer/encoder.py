from typing import Any

import keras
from keras import ops

from sslzoo import losses, nn
from sslzoo.checks import check_labels, whole
from sslzoo.inputs import Images
from sslzoo.training import Method, Verb


@keras.saving.register_keras_serializable("sslzoo")
class Encoder(Method):
    """A network that somebody else trained, with what its authors did to its input.

        loss = cross-entropy of head(backbone(images)) and the labels

    It encodes, and with `classes` it classifies. `fit` then trains backbone and head on labels, as
    in Kornblith et al. 2019, "Do Better ImageNet Models Transfer Better?", arXiv:1805.08974.
    The paper also searches learning rate and weight decay. `sslzoo import` gives it its weights.

    Needs: images with labels for `fit`.

    Known weakness: Without `classes` it has no loss. Then train its backbone with another method,
    such as `sslzoo.build("simclr", model.backbone)`.

    Args:
        backbone: The network, from images in [0, 1] to features (N, D).
        classes: The number of classes of its head. None: there is no head.
        mean: What is subtracted of each channel of images in [0, 1]. None: nothing is.
        std: What each channel is divided by afterwards. None: nothing.
        interpolation: How images of another size are resized: "bilinear" or "bicubic".
        share: The part of the shorter side that is kept before. 0.875 is the usual "resize to 256,
            crop 224".

    Example:
        >>> import numpy as np
        >>> import sslzoo
        >>> model = sslzoo.build("encoder", "micro", 8, mean=[0.5] * 3, std=[0.2] * 3, classes=10)
        >>> model.classify(np.zeros((2, 8, 8, 3), "uint8")).shape
        (2, 10)
    """

    label_fields = ("labels",)

    def __init__(
        self,
        backbone: keras.Model,
        classes: int | None = None,
        mean: list[float] | None = None,
        std: list[float] | None = None,
        interpolation: str = "bilinear",
        share: float = 1.0,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        reads = nn.reads(backbone)
        if isinstance(reads, Images):
            reads = Images(*reads.shape, interpolation=interpolation, share=share)
        super().__init__(nn.normalized(backbone, mean, std), reads, seed=seed, name=name)
        self.classes = None if classes is None else whole("classes", classes, least=2)
        rows = [(classes, None, None)]
        self.head = classes and nn.head(self.feature_dim, rows, "head", seed=seed + 1)

    @property
    def verbs(self) -> dict[str, Verb]:
        classify = {"classify": Verb("probabilities")} if self.classes else {}
        return classify | {"encode": Verb("embedding")}

    @property
    def networks(self) -> list[keras.Model]:
        return [self.backbone, self.head] if self.classes else [self.backbone]

    def training_data(self, x: Any) -> Any:
        """ValueError without a head or labels."""
        if not self.classes:
            raise ValueError(
                "fit: this encoder has no classes, so no loss; it needs a head, such as "
                'sslzoo.build("encoder", model.backbone, classes=10), or a method, such as '
                'sslzoo.build("simclr", model.backbone).'
            )
        return x

    def check(self, data: dict) -> None:
        if "labels" in data:
            check_labels(data["labels"], len(data["labels"]), self.classes)

    def compute_losses(self, batch: dict) -> dict:
        features = self.represent(self.reads.layer(batch["images"]))
        logits = self.head(features, training=True)
        return {"supervised": losses.confident_cross_entropy(logits, batch["labels"])}

    def classify(self, images: Any, batch_size: int = 256) -> Any:
        """Probabilities of the classes, float32 (N, C), of images as for `encode`."""
        return self.apply_verb("classify", images, batch_size)

    def classify_graph(self, images: Any) -> Any:
        return ops.softmax(ops.cast(self.head(self(images, training=False)), "float32"))
