from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import losses
from sslzoo.checks import above, refused
from sslzoo.methods.metric._metric import MetricMethod


@keras.saving.register_keras_serializable("sslzoo")
class Siamese(MetricMethod):
    """Hadsell, Chopra & LeCun 2006, "Dimensionality Reduction by Learning an Invariant Mapping",
    CVPR 2006. For one-shot learning: Koch, Zemel & Salakhutdinov 2015, "Siamese Neural Networks for
    One-shot Image Recognition".

    Two images go through one network. d is the Euclidean distance of their embeddings:

        loss = same d^2 + (1 - same) max(margin - d, 0)^2

    The loss is the mean over all N (N - 1) / 2 pairs of the batch. The papers draw pairs instead.
    Using every pair costs nothing, because all embeddings are there. Koch et al. score |h_1 - h_2|
    by a sigmoid with cross-entropy, which is another loss. With `balanced`, same pairs and
    different pairs weigh half each, whatever their numbers are.

    Needs: images and labels, with several images of each class in a batch. See
    `sslzoo.data.ClassBalanced`.

    Known weakness: The margin is absolute. It asks for the same distance between similar classes
    and between very different ones. `Triplet` only asks for an order. In a collapse all embeddings
    are alike, and `feature_std` is near 0. The loss is then the share of different pairs times
    margin^2.

    Args:
        backbone: Network from images to embeddings (N, D).
        margin: Above 0, in the unit of d. At length 1, d is at most 2.
        balanced: Whether the same pairs and the different pairs weigh half each.
        normalize: Whether embeddings are scaled to length 1 before d is computed.
        augment: A preset or fields of `sslzoo.augment`, or a layer.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits")
        >>> batches = sslzoo.data.ClassBalanced(digits, classes=4, samples=2, steps_per_epoch=1)
        >>> model = sslzoo.build("siamese", "micro", 8)
        >>> history = model.fit(batches, verbose=0)
        >>> model.distance(digits.images[:3], digits.images[3:6]).shape
        (3,)
    """

    def __init__(
        self,
        backbone: keras.Model,
        margin: float = 1.0,
        balanced: bool = True,
        normalize: bool = True,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, normalize, augment, seed, name)
        self.margin = above("margin", margin, 0)
        self.balanced = balanced

    def compute_losses(self, batch: dict) -> dict:
        labels, embeddings = self.embeddings(batch)
        loss = losses.pair_contrastive_batch(
            labels, embeddings, self.margin, balanced=self.balanced
        )
        return {"contrastive": loss}

    def distance(self, images1: Any, images2: Any, batch_size: int = 256) -> np.ndarray:
        """d of each pair, below the margin where the network takes both for one class.

        Args:
            images1, images2: Images, as for `encode`. Equal rows are a pair.
            batch_size: Images to process at once.

        Returns:
            float32 array (N,).

        Raises:
            ValueError: two numbers of images.
        """
        if len(images1) != len(images2):
            got = f"{len(images2)} for {len(images1)} images1"
            raise refused("images2", got, "be one for each")
        first, second = self._compared(images1, batch_size), self._compared(images2, batch_size)
        return np.linalg.norm(first - second, axis=1)

    def _compared(self, images: Any, batch_size: int) -> np.ndarray:
        """Embeddings as the loss sees them."""
        embeddings = self.encode(images, batch_size)
        if self.normalize:
            embeddings = ops.convert_to_numpy(losses.l2_normalize(embeddings))
        return embeddings
