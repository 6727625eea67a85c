"""Images: (N, H, W), (N, H, W, 1) or (N, H, W, 3); integers 0..255 or floats 0..1."""

from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo.checks import check_images
from sslzoo.inputs.base import Input
from sslzoo.inputs.preprocess import Preprocess

ANY_SIZE = 32  # pixels of the examples for a network that takes images of any size


@keras.saving.register_keras_serializable("sslzoo")
class Images(Input):
    """Images, brought to the network's size by `Preprocess`.

    Args:
        height, width: pixels, or both None for a network of any size.
        channels: 1 or 3 of the network. Either takes gray and color images.
        interpolation, share: how images of another size are brought to it, see `Preprocess`.

    Example:
        >>> from sslzoo import inputs
        >>> images = inputs.Images(8, 8, 3)
        >>> images.check(images.examples(2)).shape
        (2, 8, 8, 3)
    """

    field = "images"
    dtypes = ("uint8", "float32")
    encoded = "image_bytes"

    def __init__(
        self,
        height: int | None,
        width: int | None,
        channels: int = 3,
        interpolation: str = "bilinear",
        share: float = 1.0,
    ) -> None:
        super().__init__((height, width, channels))
        self.height, self.width = height, width
        self.channels = channels
        size = height if height == width else (height, width)
        self.layer = Preprocess(size, channels, interpolation, share=share)

    def check(self, values: Any, name: str | None = None) -> Any:
        return check_images(values, name or self.field)

    def examples(self, count: int, seed: int = 0, more: int = 0) -> np.ndarray:
        height, width = self.height or ANY_SIZE, self.width or ANY_SIZE
        shape = (count, height + more, width + 2 * more, self.channels)
        return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)

    @property
    def any_size(self) -> bool:
        return True

    def specs(self) -> dict[str, tuple[tuple, str]]:
        return {self.field: ((None, None, None, None), "uint8")}

    def shapes(self, x: np.ndarray) -> list[tuple]:
        own = x.shape[1:3] == self.shape[:2]
        return [(None, *x.shape[1:])] if own else [(None, None, None, x.shape[-1])]

    def sized(self, x: np.ndarray) -> np.ndarray:
        return self.layer.sized(x)

    def served(self, x: Any, whole: bool = False, portable: bool = False) -> Any:
        """Repeats gray, which stays gray as luma too, refuses two and four channels, resizes unless
        `whole`.
        """
        count, height, width, _ = (ops.shape(x)[axis] for axis in range(4))
        x = ops.broadcast_to(x, (count, height, width, 3))
        return x if whole else self.layer(x, portable=portable)

    def describe(self) -> dict:
        settings = {k: v for k, v in self.layer.get_config().items() if k != "name"}
        crop = "largest centered square"
        if self.height != self.width:
            settings["image_size"] = [self.height, self.width]
            crop = "largest centered rectangle of the network's shape"
        if self.layer.share != 1:
            crop = f"{self.layer.share:g} of both sides, then the {crop}"
        return {**settings, "crop": crop, "range": [0, 1]}

    def get_config(self) -> dict:
        size = {"height": self.height, "width": self.width, "channels": self.channels}
        return size | {"interpolation": self.layer.interpolation, "share": self.layer.share}
