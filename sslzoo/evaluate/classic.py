"""Histograms of oriented gradients and of colors: what images were compared by before networks."""

import importlib.util
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sslzoo.data.area import shrink

MISSING = (
    "scikit-image: not installed; HOG and color histograms need it: pip install scikit-image, or "
    "sslzoo with its extra `classic`."
)


class HogAndColors:
    """An encoder of images that learns nothing: histograms of gradients and of colors.

    Dalal and Triggs 2005, "Histograms of Oriented Gradients for Human Detection": 9 orientations,
    cells of 8 x 8 pixels, blocks of 2 x 2 cells, L2-Hys, as scikit-image computes them. Images
    above 64 pixels are shrunk by area. Below 32 pixels a side has four cells, or cells of 2 pixels.
    The colors are shares of 4 x 4 x 4 bins of RGB; of gray images there are 16 bins.

    Raises:
        ModuleNotFoundError: scikit-image is not installed.

    >>> HogAndColors().encode(np.zeros((2, 32, 32, 3), "uint8")).shape  # 3 x 3 blocks of 36, and 64
    (2, 388)
    """

    longest = 64  # pixels: Dalal and Triggs' windows are 64 wide

    def __init__(self) -> None:
        if importlib.util.find_spec("skimage") is None:
            raise ModuleNotFoundError(MISSING)

    def encode(self, images: Any, batch_size: int = 256) -> NDArray[np.float32]:
        """Images (N, H, W) or (N, H, W, C), integers 0..255 or floats 0..1 -> (N, D)."""
        starts = range(0, len(images), batch_size)
        return np.concatenate([_rows(images[start : start + batch_size]) for start in starts])


def _rows(images: Any) -> NDArray[np.float32]:
    """The features (n, D) of some images."""
    scale = np.float32(255 if np.issubdtype(images.dtype, np.integer) else 1)
    pixels = np.asarray(images).astype("float32") / scale
    if pixels.ndim == 3:
        pixels = pixels[..., None]  # (n, H, W, 1)
    sides = np.array(pixels.shape[1:3])
    size = np.maximum(1, np.rint(sides * min(1.0, HogAndColors.longest / sides.max()))).astype(int)
    if (size != sides).any():
        pixels = shrink(pixels, *size)
    return np.stack([_row(image) for image in pixels])


def _row(image: NDArray) -> NDArray[np.float32]:
    """The features (D,) of one image (H, W, C) in 0..1."""
    from skimage.feature import hog

    cell = int(np.clip(min(image.shape[:2]) // 4, 2, 8))
    gradients = hog(
        image, pixels_per_cell=(cell, cell), cells_per_block=(2, 2), channel_axis=-1
    )  # of each pixel the channel with the largest
    return np.concatenate([gradients, _colors(image)]).astype("float32")


def _colors(image: NDArray) -> NDArray:
    """Shares of the pixels (H, W, C) that fall into each bin."""
    channels = image.shape[-1]
    bins = 16 if channels == 1 else 4
    levels = np.minimum((image * bins).astype(int), bins - 1).reshape(-1, channels)
    cells = levels @ bins ** np.arange(channels)  # (H * W,)
    return np.bincount(cells, minlength=bins**channels) / len(cells)
