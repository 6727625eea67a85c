"""Regions of images that are hidden, and their trivial fillings."""

from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo.augment.seeds import ReplicaSeeds
from sslzoo.checks import one_of, refused, whole
from sslzoo.inputs import Input

SQUARES = 4  # of a random region


class Regions(keras.layers.Layer):
    """Which pixels are hidden: float32 (N, H, W, 1), 1 where they are.

    Args:
        reads: The `Input` of the network, of images.
        kind: "center", a square in the center, or "random", four squares at random places, which
            may overlap.
        side: Pixels of a square's side. Default: half of the image's shorter side for "center",
            and a quarter for "random", which hides up to a quarter of the image (Pathak et al.
            2016, section 3.2).
        overlap: Pixels along the border of the central region that stay visible, though they are
            predicted. Default: a sixteenth of its side, the code's 4 of 64
            (pathak22/context-encoder, train.lua).
        seed: Random seed.

    Raises:
        ValueError: Another kind, a region as large as the image, or one that the overlap fills; an
            overlap of "random".

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment, inputs
        >>> regions = augment.Regions(inputs.Images(8, 8), "center")
        >>> float(np.asarray(regions(np.zeros((2, 8, 8, 3))))[0].sum())
        16.0
    """

    def __init__(
        self,
        reads: Input,
        kind: str = "center",
        side: int | None = None,
        overlap: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(dtype="float32")
        self.height, self.width = reads.shape[:2]
        self.kind = one_of("region", kind, ("center", "random"))
        shorter = min(self.height, self.width)
        default = shorter // (2 if kind == "center" else 4)
        self.side = whole("side", max(default, 1) if side is None else side, 1)
        if self.side >= shorter:
            got, image = f"{self.side} px", f"{self.height}x{self.width}"
            raise refused("side", got, f"be below {shorter}, for images of {image}")
        if overlap is not None and kind == "random":
            raise refused("overlap", f"{overlap} px", "be None for random regions")
        self.overlap = whole("overlap", self.side // 16 if overlap is None else overlap, 0)
        if 2 * self.overlap >= self.side:
            needed = f"leave something hidden in a region of {self.side} px"
            raise refused("overlap", f"{self.overlap} px", needed)
        self.seed_generator = ReplicaSeeds(seed)
        self.built = True

    def call(self, images: Any) -> Any:
        count = ops.shape(images)[0]
        if self.kind == "center":
            mask = ops.convert_to_tensor(self.center())
            return ops.broadcast_to(mask, (count, *mask.shape[1:]))
        draws = keras.random.uniform((2, count, SQUARES), dtype="float32", seed=self.seed_generator)
        return self.squares(draws)

    def drawn(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """The same with NumPy's draws, which no backend changes."""
        if self.kind == "center":
            mask = self.center()
            return np.broadcast_to(mask, (count, *mask.shape[1:]))
        draws = rng.random((count, 2, SQUARES), "float32").swapaxes(0, 1)
        return ops.convert_to_numpy(self.squares(draws))

    @property
    def box(self) -> tuple[slice, slice]:
        """Rows and columns of what is predicted: the central region, or the whole image."""
        if self.kind == "random":
            return slice(0, self.height), slice(0, self.width)
        top, left = (self.height - self.side) // 2, (self.width - self.side) // 2
        return slice(top, top + self.side), slice(left, left + self.side)

    def center(self) -> np.ndarray:
        """The central region without its overlap, (1, H, W, 1)."""
        mask = np.zeros((1, self.height, self.width, 1), "float32")
        rows, columns = self.box
        inner = slice(self.overlap, self.side - self.overlap)
        mask[:, rows, columns][:, inner, inner] = 1.0
        return mask

    def squares(self, draws: Any) -> Any:
        """The union of squares, from uniform draws (2, N, squares): y and x."""
        inside = []
        for draw, length in zip((draws[0], draws[1]), (self.height, self.width), strict=True):
            first = ops.floor(draw * (length - self.side + 1))[:, :, None]  # (N, squares, 1)
            places = ops.arange(length, dtype="float32")
            inside.append(ops.logical_and(places >= first, places < first + self.side))
        both = ops.logical_and(inside[0][:, :, :, None], inside[1][:, :, None, :])
        return ops.cast(ops.any(both, axis=1), "float32")[..., None]  # (N, H, W, 1)


def fill_mean(images: Any, hidden: Any) -> Any:
    """Images (N, H, W, C) with the mean color of their visible pixels where `hidden` (N, H, W, 1)
    is 1.

    Example:
        >>> import numpy as np
        >>> from sslzoo.augment import fill_mean
        >>> images = np.array([1.0, 0.0, 0.9], "float32").reshape(1, 1, 3, 1)
        >>> hidden = np.array([0.0, 0.0, 1.0], "float32").reshape(1, 1, 3, 1)
        >>> np.asarray(fill_mean(images, hidden)).ravel().tolist()
        [1.0, 0.0, 0.5]
    """
    visible = 1.0 - hidden
    total = ops.sum(images * visible, axis=(1, 2), keepdims=True)
    mean = total / ops.sum(visible, axis=(1, 2), keepdims=True)  # (N, 1, 1, C)
    return images * visible + mean * hidden


def fill_border(images: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Images with the color of the nearest visible pixel where `hidden` is.

    Args:
        images: (N, H, W, C). hidden: bool (N, H, W, 1).

    Example:
        >>> import numpy as np
        >>> from sslzoo.augment import fill_border
        >>> images = np.array([1.0, 0.0, 0.5]).reshape(1, 1, 3, 1)
        >>> fill_border(images, np.array([False, False, True]).reshape(1, 1, 3, 1)).ravel().tolist()
        [1.0, 0.0, 0.0]
    """
    from scipy.ndimage import distance_transform_edt

    filled = []
    for image, mask in zip(images, hidden[..., 0], strict=True):
        _, (rows, columns) = distance_transform_edt(mask, return_indices=True)
        filled.append(image[rows, columns])
    return np.stack(filled)
