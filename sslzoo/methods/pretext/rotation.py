from typing import Any

import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import losses, nn
from sslzoo.checks import refused
from sslzoo.training import Method


@keras.saving.register_keras_serializable("sslzoo")
class Rotation(Method):
    """Gidaris et al. 2018, "Unsupervised Representation Learning by Predicting Image Rotations",
    arXiv:1803.07728.

        loss = -1/(4N) sum_i sum_{k=0..3} log p(k | view i turned by k * 90 degrees)

    p is the softmax of one dense layer on the features. All four turns of a view are in one pass,
    so BatchNorm sees them together (gidariss/FeatureLearningRotNet, dataloader.py). Turns are
    counterclockwise. They move pixels and never interpolate, so they leave no trace to learn from.

    Needs: images that have an upright position. A pass is four times the batch.

    Known weakness: The last block specializes in the turns, and an intermediate one transfers
    better. Objects that look alike from all sides teach nothing.

    Args:
        backbone: Network from images to features (N, D).
        augment: A preset or fields of `sslzoo.augment`, or a layer. The default is a flip.
            The official code for CIFAR-10 also shifts by up to 4 pixels.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("rotation", "micro", 8, augment="none")
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=16, verbose=0)
    """

    def __init__(
        self,
        backbone: keras.Model,
        augment: Any = None,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        if self.reads.field != "images":
            raise refused("backbone", f"one that reads {self.reads.field}", "read images")
        self.classifier = nn.head(self.feature_dim, [(4, None, None)], "classifier", seed=seed + 1)
        augment = {"preset": "none", "flip": 0.5} if augment is None else augment
        self.one_view = augmentation.OneView(self.reads, augment, seed=seed)

    def views(self, batch: dict) -> dict:
        return self.one_view(batch)

    def classify_turns(self, images: Any) -> Any:
        return self.classifier(self.represent(images), training=True)

    def compute_losses(self, batch: dict) -> dict:
        turned = [ops.rot90(batch["view"], k, axes=(1, 2)) for k in range(4)]
        logits = nn.one_pass(self.classify_turns, turned)
        terms = [
            losses.masked_cross_entropy(part, ops.full(ops.shape(part)[:1], k, dtype="int32"))
            for k, part in enumerate(logits)
        ]
        return {"rotation": sum(terms) / 4}
