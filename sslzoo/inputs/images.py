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
        channels: 1 or 3 of the network. A colour network takes grey images too.

    Example:
        >>> from sslzoo import inputs
        >>> images = inputs.Images(8, 8, 3)
        >>> images.check(images.examples(2)).shape
        (2, 8, 8, 3)
    """

    field = "images"
    dtypes = ("uint8", "float32")
    encoded = "image_bytes"

    def __init__(self, height: int | None, width: int | None, channels: int = 3) -> None:
        super().__init__((height, width, channels))
        self.height, self.width = height, width
        self.channels = channels
        size = height if height == width else (height, width)
        self.layer = Preprocess(size, channels)

    def check(self, values: Any, name: str | None = None) -> Any:
        name = name or self.field
        values = check_images(values, name)
        if values.shape[-1] not in (1, self.channels):
            raise ValueError(
                f"{name}: got {values.shape[-1]} channels; this backbone takes {self.channels}."
            )
        return values

    def examples(self, count: int, seed: int = 0, more: int = 0) -> np.ndarray:
        height, width = self.height or ANY_SIZE, self.width or ANY_SIZE
        shape = (count, height + more, width + 2 * more, self.channels)
        return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)

    @property
    def any_size(self) -> bool:
        return True

    def specs(self) -> dict[str, tuple[tuple, str]]:
        channels = None if self.channels == 3 else self.channels
        return {self.field: ((None, None, None, channels), "uint8")}

    def served(self, x: Any, whole: bool = False) -> Any:
        """Repeats grey, refuses two and four channels, resizes unless `whole`."""
        count, height, width, _ = (ops.shape(x)[axis] for axis in range(4))
        x = ops.broadcast_to(x, (count, height, width, self.channels))
        return x if whole else self.layer(x)

    def describe(self) -> dict:
        settings = {k: v for k, v in self.layer.get_config().items() if k != "name"}
        crop = "largest centred square"
        if self.height != self.width:
            settings["image_size"] = [self.height, self.width]
            crop = "largest centred rectangle of the network's shape"
        return {**settings, "crop": crop, "range": [0, 1]}

    def get_config(self) -> dict:
        return {"height": self.height, "width": self.width, "channels": self.channels}
