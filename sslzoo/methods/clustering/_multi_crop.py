"""What SwAV and DeepCluster v2 share: the views, the projector, the embeddings of all views."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import losses, nn
from sslzoo.checks import above, sizes
from sslzoo.training import Method


class MultiCropMethod(Method):
    """A method on two large views of each item and any number of small crops.

    Args:
        backbone: Network from items to features (N, F).
        projection: Units of the projector. Hidden layers have BatchNorm and ReLU, the last layer
            has a bias alone (facebookresearch/swav, src/resnet50.py).
        temperature: T of the softmax over clusters.
        augment, small_views, small_size, small_augment: As for `sslzoo.augment.MultiCrop`.

    Raises:
        ValueError: The backbone cannot read small crops.

    Example:
        >>> import sslzoo
        >>> from sslzoo.methods.clustering._multi_crop import MultiCropMethod
        >>> issubclass(sslzoo.methods.method_class("swav"), MultiCropMethod)
        True
    """

    min_batch = 2

    def __init__(
        self,
        backbone: keras.Model,
        projection: Sequence[int],
        temperature: float,
        augment: Any,
        small_views: int,
        small_size: int | None,
        small_augment: dict | None,
        seed: int,
        name: str | None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        *hidden, self.dim = sizes("projection", projection)
        rows = [(units, "batch", "relu") for units in hidden] + [(self.dim, None, None)]
        self.projector = nn.head(self.feature_dim, rows, "projector", seed=seed + 1)
        self.temperature = above("temperature", temperature, 0)
        crops = small_views, small_size, small_augment
        self.multi_crop = augmentation.MultiCrop(self.reads, augment, *crops, seed=seed)
        if self.multi_crop.small is not None:
            size = self.multi_crop.small.image_size
            # Outside of Keras' tracking: it has the layers of the backbone.
            self._own.small_backbone = nn.at_size(backbone, size)

    def views(self, batch: dict) -> dict:
        return self.multi_crop(batch)

    def embeddings(self, batch: dict) -> Any:
        """Training embeddings (N, V, D) of length 1, of the two large views and the small ones.

        Views of one size go through the backbone together, and all of them through the projector,
        as in the official code.
        """
        large = [batch["view1"], batch["view2"]]
        features = nn.one_pass(self.represent, large)  # 2 of (N, F)
        if "small_views" in batch:
            small = batch["small_views"]  # (N, S, s, s, C)
            parts = [small[:, view] for view in range(small.shape[1])]
            features += nn.one_pass(self.represent_small, parts)
        z = nn.one_pass(lambda rows: self.projector(rows, training=True), features)
        return losses.l2_normalize(ops.stack(z, axis=1))

    def represent_small(self, crops: Any) -> Any:
        """Training features (N, F) of small crops."""
        return self._own.small_backbone(crops, training=True)
