"""From the images that a user has to what a backbone takes."""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from sslzoo.checks import in_range, one_of
from sslzoo.inputs.resize import KERNELS, resize, resize_graph

INTERPOLATIONS = ("bilinear", "bicubic", "nearest", "lanczos3", "lanczos5")
LUMA = (0.299, 0.587, 0.114)  # of red, green and blue: ITU-R BT.601, Pillow's mode "L"


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

    Integers mean 0..255, floats 0..1. One channel is repeated where the network takes three. Three
    become luma, `LUMA`, where it takes one. Other sizes are cropped to the largest centered part of
    the network's shape and resized, bilinear with antialiasing. The right size passes untouched.

    Args:
        image_size: pixels of the square, (height, width), or None: images keep their size.
        channels: 1 or 3.
        share: Part of both sides that is kept before resizing, in its center.

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
        share: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self.image_size = tuple(image_size) if isinstance(image_size, list) else image_size
        self.channels = channels
        self.interpolation = one_of("interpolation", interpolation, INTERPOLATIONS)
        self.antialias = antialias
        self.share = in_range("share", share, 0, 1, low_open=True)
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
        if images.shape[-1] == 3 and self.channels == 1:
            images = ops.sum(images * ops.convert_to_tensor(LUMA), axis=-1, keepdims=True)
        return images

    def call(self, images: Any, portable: bool = False) -> Any:
        """portable: resize in operations that other runtimes have too.

        Raises:
            ValueError: an interpolation that cannot be portable.
        """
        images = self.unit(images)
        if self.size in (None, tuple(images.shape[1:3])):
            return images
        images = self._central(images, ops.shape(images))
        if portable:
            one_of("interpolation", self.interpolation if self.antialias else None, KERNELS)
            return resize_graph(images, self.size, self.interpolation)
        return ops.image.resize(
            images,
            self.size,
            interpolation=self.interpolation,
            antialias=self.antialias,
            crop_to_aspect_ratio=True,
            data_format="channels_last",
        )

    def sized(self, images: np.ndarray) -> np.ndarray:
        """What `call` does with the size, in NumPy: no program is compiled for it.

        Args:
            images: (N, H, W, C), integers 0..255 or floats 0..1.

        Returns:
            float32 (N, height, width, C) in [0, 1]; images of the right size, and where another
            interpolation was asked for, as they are.
        """
        own = self.interpolation == "bilinear" and self.antialias
        if not own or self.size in (None, images.shape[1:3]):
            return images
        resized = resize(self._central(images, images.shape), self.size)
        return resized / np.float32(255) if images.dtype.kind in "ui" else resized

    def _central(self, images, shape):
        """`share` of both sides, by whole numbers: a side may be a tensor."""
        lost = round(1000 * (1 - self.share))
        if not lost:
            return images
        lost = lost * self._is_other(*shape[1:3])
        rows, columns = (side * lost // 2000 for side in shape[1:3])
        return images[:, rows : shape[1] - rows, columns : shape[2] - columns]

    def _is_other(self, height, width):
        """1 of a size that is resized, 0 of the network's own; a tensor in exports of any size."""
        if isinstance(height, int) and isinstance(width, int):
            return int((height, width) != self.size)
        rows, columns = (
            ops.not_equal(*pair) for pair in zip((height, width), self.size, strict=True)
        )
        return ops.cast(ops.logical_or(rows, columns), "int32")

    def get_config(self) -> dict:
        keys = ("image_size", "channels", "interpolation", "antialias")
        keys += ("share",) if self.share != 1 else ()
        return {"name": self.name} | {key: getattr(self, key) for key in keys}
