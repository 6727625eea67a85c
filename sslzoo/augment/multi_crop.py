"""Two large views of each image and several small ones."""

from typing import Any

from sslzoo.augment.layers import Crops
from sslzoo.augment.presets import resolve_preset
from sslzoo.augment.views import TwoViews
from sslzoo.checks import refused, whole
from sslzoo.inputs import Input


class MultiCrop(TwoViews):
    """The views of SwAV and DINO: those of `TwoViews`, and `small_views` small crops of each image,
    as `batch["small_views"]` (N, small_views, small_size, small_size, C).

    Args:
        reads, augment, seed: As for `OneView`.
        small_views: The number of small crops. With 0 there is no such field.
        small_size: Side of a small crop in pixels. Default: half of the network's side.
        small_augment: The fields that small crops change in `augment`. By default only their
            area differs: 0.05 to 0.14 of the image (SwAV; facebookresearch/swav, README).

    Raises:
        ValueError: A small crop is larger than the network's images, or small crops are asked of
            what has no preset of images.

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment, inputs
        >>> views = augment.MultiCrop(inputs.Images(8, 8), "digits", small_views=3)
        >>> batch = views({"images": np.zeros((4, 8, 8, 1), "uint8")})
        >>> tuple(batch["view2"].shape), tuple(batch["small_views"].shape)
        ((4, 8, 8, 3), (4, 3, 4, 4, 3))
    """

    def __init__(
        self,
        reads: Input,
        augment: Any,
        small_views: int = 0,
        small_size: int | None = None,
        small_augment: dict | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(reads, augment, seed=seed)
        self.small = None
        if not whole("small_views", small_views, 0):
            return
        if not self.preset:
            got = f"{small_views} with augment {augment!r}"
            raise refused("small_views", got, "be 0: small crops are made by a preset of images")
        side = reads.layer.image_size
        size = max(1, side // 2) if small_size is None else whole("small_size", small_size, 1)
        if size > side:
            needed = f"be at most {side}, the side of a large view"
            raise refused("small_size", f"{size} px", needed)
        changed = {"crop_area": (0.05, 0.14)} if small_augment is None else small_augment
        fields = {"preset": "none"} | resolve_preset(augment) | changed
        self.small = Crops(small_views, fields, image_size=size, seed=seed + 1)

    def call(self, batch: dict) -> dict:
        batch = super().call(batch)
        if self.small is None:
            return batch
        images = self.reads.layer.unit(self.reads.of(batch))
        return {**batch, "small_views": self.small(images)}
