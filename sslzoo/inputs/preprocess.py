"""From the images that a user has to what a backbone takes."""

from typing import Any

import keras
from keras import layers, ops


def unit_range(images: Any) -> Any:
    """Integers in 0..255 or floats in [0, 1] -> float32 in [0, 1], of the same shape.

    Example:
        >>> import numpy as np
        >>> from sslzoo.inputs import unit_range
        >>> np.asarray(unit_range(np.array([0, 255], "uint8"))).tolist()
        [0.0, 1.0]
    """
    integers = "int" in keras.backend.standardize_dtype(images.dtype)
    images = ops.cast(images, "float32")
    return images / 255.0 if integers else images


@keras.saving.register_keras_serializable("sslzoo")
class Preprocess(layers.Layer):
    """Images of any size -> floats in [0, 1], (N, height, width, channels).

    Integers mean 0..255, floats 0..1. One channel is repeated where the network takes three. Other
    sizes are cropped to the largest centered part of the network's shape and resized, bilinear with
    antialiasing. The right size passes untouched.

    Args:
        image_size: pixels of the square, (height, width), or None: images keep their size.
        channels: 1 or 3.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> tuple(nn.Preprocess(8)(np.zeros((2, 12, 16, 1), "uint8")).shape)
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        image_size: int | tuple[int, int] | None,
        channels: int = 3,
        interpolation: str = "bilinear",
        antialias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self.image_size = tuple(image_size) if isinstance(image_size, list) else image_size
        self.channels = channels
        self.interpolation = interpolation
        self.antialias = antialias
        self.autocast = False
        self.built = True

    @property
    def size(self) -> tuple[int, int] | None:
        """(height, width) of the network's images, None for any."""
        square = isinstance(self.image_size, int)
        return (self.image_size, self.image_size) if square else self.image_size

    def unit(self, images: Any) -> Any:
        """Values and channels only: (N, H, W) or (N, H, W, C) of any size -> floats in [0, 1], (N,
        H, W, channels).
        """
        images = unit_range(images)
        if len(images.shape) == 3:
            images = images[..., None]
        if images.shape[-1] == 1 and self.channels == 3:
            images = ops.repeat(images, 3, axis=-1)
        return images

    def call(self, images: Any) -> Any:
        images = self.unit(images)
        if self.size not in (None, tuple(images.shape[1:3])):
            images = ops.image.resize(
                images,
                self.size,
                interpolation=self.interpolation,
                antialias=self.antialias,
                crop_to_aspect_ratio=True,
                data_format="channels_last",
            )
        return images

    def get_config(self) -> dict:
        keys = ("image_size", "channels", "interpolation", "antialias")
        return {"name": self.name} | {key: getattr(self, key) for key in keys}
