"""From images to the maps of a frozen encoder, which heads for segmentation and detection read."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from sslzoo import backends, nn
from sslzoo.checks import refused
from sslzoo.data import Dataset
from sslzoo.evaluate.encoders import RawPixels, network_of
from sslzoo.inputs.preprocess import unit_range
from sslzoo.progress import progress

RAW_PATCH = 4  # pixels of a side: the values of a patch are one place of the map of raw pixels
MOST_BYTES = 2**31  # of the maps that are kept, 2 GiB


class FeatureMaps:
    """The last map of an encoder, of images of one size.

    Images are shrunk until their longer side has `longest` pixels. They are never enlarged. Their
    shape changes a little where a vision transformer needs multiples of its patch.

    Args:
        encoder: A model with `encoder` or `backbone`, and `reads`. Or `RawPixels`, whose map holds
            the values of patches of 4x4 pixels.
        images: (N, H, W) or (N, H, W, C), as those that will come.
        longest: Pixels.
        cell: Finer maps are resized to cells of so many pixels. 1: every map stays as it is.

    Attributes:
        size: [height, width] of the images in the network.
        shape: (h, w, D) of a map.
        compute: Images (n, H, W, C), of the dtype of `images` -> their maps, float32 (n, h, w, D).

    Raises:
        ValueError: A network without a map.

    >>> import sslzoo
    >>> images = np.zeros((2, 24, 32, 3), "uint8")
    >>> maps = FeatureMaps(sslzoo.build("simclr", "micro", 8), images, 16)
    >>> maps.size, maps.shape
    ([12, 16], (6, 8, 16))
    """

    def __init__(self, encoder: Any, images: Any, longest: int, cell: int = 1) -> None:
        raw = isinstance(encoder, RawPixels)
        network = None if raw else network_of(encoder)
        patch = RAW_PATCH if raw else nn.patch_of(network)
        self.size = working_size(images.shape[1:3], longest, patch)
        inputs = keras.Input(images.shape[1:], dtype=str(images.dtype))
        x = _with_channels(unit_range(inputs)) if raw else encoder.reads.layer.unit(inputs)
        if self.size != list(images.shape[1:3]):
            x = resized(x, self.size)
        x = _patches(x) if raw else nn.fold(nn.dense_map(network, self.size))(x)
        coarser = [math.ceil(side / cell) for side in self.size]
        if coarser[0] < x.shape[1]:
            x = resized(x, coarser)
        network = keras.Model(inputs, ops.cast(x, "float32"))
        self.shape = network.output_shape[1:]
        self.compute = backends.compiled(network, network)

    def of(self, data: Dataset, batch_size: int, what: str) -> Iterator[tuple[NDArray, dict]]:
        """(maps (n, h, w, D) float32, the batch that they are of) of all images, in their order.

        Args:
            data: With images. batch_size: Images to process at once. what: Title of the bar.
        """
        starts = range(0, len(data), batch_size)
        for start in progress(starts, what, len(starts), 1, batch_size):
            end = min(start + batch_size, len(data))
            # Filled up with the last image: a program is for one number of images.
            batch = data[np.minimum(np.arange(start, start + batch_size), end - 1)]
            maps = self.compute(batch["images"])
            count = end - start
            yield maps[:count], {field: values[:count] for field, values in batch.items()}

    def kept(self, data: Dataset, batch_size: int) -> NDArray[np.float16]:
        """The maps (N, h, w, D) of all images, in half precision.

        Raises:
            ValueError: They need more than 2 GiB, or hold values that float16 does not.
        """
        result = np.empty((len(data), *self.shape), "float16") if self._fit(data) else None
        done = 0
        for maps, _ in self.of(data, batch_size, "feature maps"):
            with np.errstate(over="ignore"):
                result[done : done + len(maps)] = maps
            if not np.isfinite(result[done : done + len(maps)]).all():
                got = f"values up to {np.abs(maps).max():.3g}"
                raise refused("feature maps", got, "be finite and below 65,504")
            done += len(maps)
        return result

    def _fit(self, data):
        size = 2 * len(data) * int(np.prod(self.shape))
        if size > MOST_BYTES:
            shape = "x".join(map(str, self.shape))
            got = f"{len(data)} maps of {shape}, {size / 2**30:.1f} GiB"
            needed = f"take at most {MOST_BYTES / 2**30:g} GiB (a smaller `longest`, fewer images)"
            raise refused("feature maps", got, needed)
        return True


def resized(x: Any, size: Sequence[int]) -> Any:
    """Images or maps (N, H, W, C) at another size, bilinear with antialiasing.

    >>> tuple(resized(np.ones((1, 4, 6, 2), "float32"), [2, 3]).shape)
    (1, 2, 3, 2)
    """
    options = {"antialias": True, "data_format": "channels_last"}
    return ops.image.resize(x, tuple(size), "bilinear", **options)


def working_size(size: Sequence[int], longest: int, multiple: int = 1) -> list[int]:
    """[height, width] of images whose longer side is shrunk to `longest`, in multiples of pixels.

    >>> working_size((480, 640), 320), working_size((180, 240), 320, 16)
    ([240, 320], [176, 240])
    """
    scale = min(1.0, longest / max(size))
    return [max(1, round(side * scale / multiple)) * multiple for side in size]


def _with_channels(images):
    return images[..., None] if len(images.shape) == 3 else images


def _patches(images):
    """(N, H, W, C) -> (N, H / 4, W / 4, 16 C)."""
    _, height, width, channels = images.shape
    rows, columns = height // RAW_PATCH, width // RAW_PATCH
    x = ops.reshape(images, (-1, rows, RAW_PATCH, columns, RAW_PATCH * channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4))  # (N, rows, columns, 4, 4 C)
    return ops.reshape(x, (-1, rows, columns, RAW_PATCH**2 * channels))
