import keras
import numpy as np
from keras import ops

from sslzoo import losses
from sslzoo.methods.metric._metric import MetricMethod


@keras.saving.register_keras_serializable("sslzoo")
class Siamese(MetricMethod):
    """Hadsell, Chopra & LeCun 2006, "Dimensionality Reduction by Learning an Invariant Mapping",
    CVPR 2006; for one-shot learning Koch, Zemel & Salakhutdinov 2015, "Siamese Neural Networks for
    One-shot Image Recognition".

    Two images go through one network; d is the Euclidean distance of their embeddings:
    loss = same d^2 + (1 - same) max(margin - d, 0)^2, the mean over all N (N - 1) / 2 pairs of the
    batch.

    Both papers draw pairs; here every pair of a batch counts, which costs nothing: the embeddings
    are there. Koch et al. score |h_1 - h_2| by a sigmoid with cross-entropy, which this is not.
    With `balanced` the pairs of one class weigh half of the loss however few they are, as when as
    many of both are drawn.

    Needs: images and labels, several images of each class in a batch: `sslzoo.data.ClassBalanced`.
    Known weakness: the margin is absolute: it asks the same of classes that differ a little and of
    those that differ much, where `Triplet` only asks for an order. When all embeddings are alike,
    the loss is the share of different pairs times margin^2 (`feature_std` near 0).

    Args:
        backbone: images -> embeddings (N, D).
        margin: above 0, in the unit of d; at length 1, d is at most 2.
        balanced: whether the same and the different pairs weigh half each.
        normalize: whether d is between embeddings at length 1.
        augment: preset or fields of `sslzoo.augment`.
    """

    def __init__(
        self, backbone, margin=1.0, balanced=True, normalize=True, augment="none", seed=0, name=None
    ):
        super().__init__(backbone, normalize, augment, seed, name)
        if not margin > 0:
            raise ValueError(f"margin: need a number above 0, got {margin!r}.")
        self.margin, self.balanced = margin, balanced

    def compute_losses(self, batch):
        labels, embeddings = self.embeddings(batch)
        return {
            "contrastive": losses.pair_contrastive_batch(
                labels, embeddings, self.margin, balanced=self.balanced
            )
        }

    def distance(self, images1, images2, batch_size=256):
        """d of each pair, below the margin where the network takes both for one class.

        Args:
            images1, images2: as for `encode`, row for row a pair.
            batch_size: images a chunk.

        Returns:
            float32 array (N,).
        """
        if len(images1) != len(images2):
            raise ValueError(
                f"images2: got {len(images2)} for {len(images1)} images1; need one for each."
            )
        first, second = (self.encode(images, batch_size) for images in (images1, images2))
        if self.normalize:
            first, second = (
                ops.convert_to_numpy(losses.l2_normalize(rows)) for rows in (first, second)
            )
        return np.linalg.norm(first - second, axis=1)
