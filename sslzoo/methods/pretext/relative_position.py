from typing import Any

import keras
from keras import ops

from sslzoo import losses, nn
from sslzoo.checks import whole
from sslzoo.methods.pretext._patches import OnPatches

CENTER = 4  # of a grid of 3 x 3, counted row by row


@keras.saving.register_keras_serializable("sslzoo")
class RelativePosition(OnPatches):
    """Doersch et al. 2015, "Unsupervised Visual Representation Learning by Context Prediction",
    arXiv:1505.05192.

        loss = -1/(8N) sum_i sum_{k=1..8} log p(k | the central patch of i, its neighbor k)

    The network sees two patches and says on which of eight sides the second one lies. All eight
    neighbors of an image are in one pass, as in mmselfsup. Gaps between patches, their random
    places, one mean and deviation for each, and images without color are there against shortcuts.

    Needs: images, and a network that works on small patches. `encode` shows it whole images.

    Known weakness: The last layers specialize in the task, and an intermediate block transfers
    better. Patches of small images hold little.

    Args:
        backbone: Network from square images to features (N, D). It sees patches at their own size.
        patch_size: Pixels of a side of a patch. Default: three quarters of a cell.
        units: Units of the layer between both patches and the classifier. The paper has 4096 twice.
        grayscale: The share of images without color. The paper drops two of three channels of every
            patch, or projects away green and magenta.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("relative_position", "micro", 12, units=16)
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=16, verbose=0)
    """

    def __init__(
        self,
        backbone: keras.Model,
        patch_size: int | None = None,
        units: int = 512,
        grayscale: float = 0.66,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, 3, patch_size, grayscale, seed, name)
        rows = [(whole("units", units, 1), "batch", "relu"), (8, None, None)]
        self.classifier = nn.head(2 * self.feature_dim, rows, "classifier", seed=seed + 1)

    def pairs(self, patches: Any) -> Any:
        """Patches (N, 9, size, size, C) -> features of the center beside those of each neighbor,
        (N * 8, 2 D).
        """
        features = self.patch_features(patches)  # (N, 9, D)
        center = ops.repeat(features[:, CENTER : CENTER + 1], 8, axis=1)
        others = ops.concatenate([features[:, :CENTER], features[:, CENTER + 1 :]], axis=1)
        return ops.reshape(ops.concatenate([center, others], axis=-1), (-1, 2 * self.feature_dim))

    def compute_losses(self, batch: dict) -> dict:
        pairs = self.pairs(batch["patches"])
        logits = self.classifier(pairs, training=True)
        sides = ops.arange(ops.shape(pairs)[0], dtype="int32") % 8
        return {"relative_position": losses.masked_cross_entropy(logits, sides)}
