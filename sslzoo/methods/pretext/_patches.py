"""What methods share whose network sees patches of images."""

from typing import Any

import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import nn
from sslzoo.training import Method


class OnPatches(Method):
    """A method whose backbone sees patches at their own size, all of a batch in one pass.

    Args:
        backbone: Network from square images to features (N, D), which works on small patches.
        grid, patch_size, grayscale: As for `sslzoo.augment.Patches`.

    Raises:
        ValueError: A network of no square images, or one that does not work on patches.

    Example:
        >>> import sslzoo
        >>> sslzoo.build("relative_position", "micro", 12).patches.size
        3
    """

    def __init__(
        self,
        backbone: keras.Model,
        grid: int,
        patch_size: int | None,
        grayscale: float,
        seed: int,
        name: str | None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        self.patches = augmentation.Patches(self.reads, grid, patch_size, grayscale, seed=seed)
        # Outside of Keras' tracking: it has the layers of the backbone.
        self._own.on_patch = nn.at_size(backbone, self.patches.size)

    def views(self, batch: dict) -> dict:
        return self.patches(batch)

    def patch_features(self, patches: Any) -> Any:
        """Training features (N, K, D) of patches (N, K, size, size, C)."""
        count = patches.shape[1]
        flat = ops.reshape(patches, (-1, *patches.shape[2:]))  # (N * K, size, size, C)
        features = self._own.on_patch(flat, training=True)
        self.watch(features)
        return ops.reshape(features, (-1, count, self.feature_dim))
