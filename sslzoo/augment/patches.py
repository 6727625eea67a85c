"""A grid of patches of each image, which leave nothing along their borders to compare."""

from typing import Any

import keras
from keras import ops

from sslzoo.augment.geometry import crop_resize
from sslzoo.augment.seeds import ReplicaSeeds
from sslzoo.checks import in_range, refused, whole
from sslzoo.inputs import Input

DEVIATION = 0.25  # of a patch that is brought to one mean and deviation: about that of photographs


class Patches(keras.layers.Layer):
    """Square patches of each image, one in each cell of a grid, as `batch["patches"]` (N, grid^2,
    size, size, C), row by row.

    A patch lies at random in its cell, so that between neighbors there is a gap and edges do not
    continue. Every patch is brought to the same mean and deviation, channel by channel, so that
    brightness and color do not tell where it is from. (Doersch et al. 2015, arXiv:1505.05192;
    Noroozi & Favaro 2016, arXiv:1603.09246: patches of 64 px in cells of 85, and the same
    normalization.)

    Args:
        reads: The `Input` of the network: images are brought to its size first.
        grid: Cells of a side.
        size: Pixels of a side of a patch. Default: three quarters of a cell, as in the papers.
        grayscale: The share of images that lose their color. VISSL has 0.66 for jigsaw.
        seed: Random seed.

    Raises:
        ValueError: What reads no square images of one size, or a patch of more than a cell or less
            than 2 px.

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment, inputs
        >>> patches = augment.Patches(inputs.Images(32, 32), grid=3)
        >>> tuple(patches({"images": np.zeros((4, 32, 32, 3), "uint8")})["patches"].shape)
        (4, 9, 7, 7, 3)
    """

    def __init__(
        self,
        reads: Input,
        grid: int = 3,
        size: int | None = None,
        grayscale: float = 0.66,
        seed: int = 0,
    ) -> None:
        super().__init__(dtype="float32")
        side = reads.layer.image_size if reads.field == "images" else None
        if not isinstance(side, int):
            raise refused("backbone", f"one that reads {reads.field}", "read square images")
        self.reads, self.side = reads, side
        self.grid = whole("grid", grid, 2)
        cell = side // grid
        self.size = 3 * cell // 4 if size is None else whole("patch_size", size, 1)
        if not 2 <= self.size <= cell:
            needed = f"be 2 to {cell}, a cell of {side} px in {grid} parts"
            raise refused("patch_size", f"{self.size} px", needed)
        self.grayscale = in_range("grayscale", grayscale, 0, 1)
        self.seed_generator = ReplicaSeeds(seed)
        self.built = True

    def call(self, batch: dict) -> dict:
        images = self.reads.layer(self.reads.of(batch))  # (N, side, side, C)
        n, count = ops.shape(images)[0], self.grid**2
        uniform = keras.random.uniform((3, n, count), dtype="float32", seed=self.seed_generator)
        if images.shape[-1] == 3 and self.grayscale > 0:
            gray = ops.mean(images, axis=-1, keepdims=True)
            drop = uniform[2, :, :1] < self.grayscale  # (N, 1)
            images = ops.where(drop[:, :, None, None], gray, images)
        free = self.side // self.grid - self.size + 1  # places of a patch in a cell, an axis
        cells = ops.arange(count)
        corners = ops.stack([cells // self.grid, cells % self.grid])  # (2, count)
        corners = ops.cast(corners * (self.side // self.grid), "float32")
        places = ops.floor(uniform[:2] * free) + corners[:, None, :]  # (2, N, count): y and x
        parts = [self._cut(images, places[0, :, k], places[1, :, k]) for k in range(count)]
        return {**batch, "patches": self._normalized(ops.stack(parts, axis=1))}

    def _cut(self, images: Any, y: Any, x: Any) -> Any:
        length = ops.full_like(y, self.size)
        return crop_resize(images, y, x, length, length, self.size)

    def _normalized(self, patches: Any) -> Any:
        """Mean 0.5 and deviation `DEVIATION` of each patch and channel."""
        mean = ops.mean(patches, axis=(2, 3), keepdims=True)
        variance = ops.mean(ops.square(patches - mean), axis=(2, 3), keepdims=True)
        return 0.5 + DEVIATION * (patches - mean) * ops.rsqrt(variance + 1e-4)
