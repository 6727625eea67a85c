"""A data set of images in memory at another size."""

import numpy as np

from sslzoo.checks import refused
from sslzoo.data.dataset import Dataset
from sslzoo.data.decode import resize
from sslzoo.data.image_files import ARRAY_LIMIT


def resized(data: Dataset, image_size: int | None) -> Dataset:
    """`data` with the shorter side of its images resized and the center square cut.

    Args:
        data: with uint8 images (N, H, W) or (N, H, W, 1 or 3).
        image_size: pixels of a side. None: as it is.

    Raises:
        ValueError: no images, or floats; masks or boxes beside them; or a size that takes too much
            memory.

    >>> resized(Dataset(np.zeros((2, 8, 12), "uint8")), 4).images.shape
    (2, 4, 4)
    """
    if image_size is None:
        return data
    if data.field != "images":
        raise refused("image_size", image_size, f"be None: {data.name!r} has {data.field}")
    images = data.images
    if images.shape[1:3] == (image_size, image_size):
        return data
    for field in ("masks", "boxes"):
        if field in data.fields:
            needed = f"be None: {field} of {data.name!r} are of the stored size"
            raise refused("image_size", image_size, needed)
    if images.dtype != np.uint8:
        no_resize = f"be None: {data.name!r} has {images.dtype} images, and uint8 alone is resized"
        raise refused("image_size", image_size, no_resize)
    channels = images if images.ndim == 4 else images[..., None]  # (N, H, W, C)
    size = len(images) * image_size**2 * channels.shape[-1]
    if size > max(images.nbytes, ARRAY_LIMIT):
        needed = f"be smaller: {len(images)} images of that size take {size / 2**30:,.0f} GiB"
        raise refused("image_size", image_size, needed)
    small = np.stack([resize(image, image_size) for image in channels])
    return data.replace(images=small if images.ndim == 4 else small[..., 0])
