"""Crop and resize in NumPy, as Keras does it in a compiled program."""

import numpy as np
from numpy.typing import NDArray


def resize(images: NDArray, size: tuple[int, int]) -> NDArray[np.float32]:
    """The largest centered part of the size's shape, resized: bilinear with antialiasing, as
    `keras.ops.image.resize(..., antialias=True, crop_to_aspect_ratio=True)`.

    Args:
        images: (N, H, W, C), integers or floats.
        size: (height, width).

    Returns:
        float32 (N, height, width, C).

    Example:
        >>> import numpy as np
        >>> from sslzoo.inputs.resize import resize
        >>> resize(np.full((2, 9, 6, 3), 7, "uint8"), (4, 4))[0, 0, 0]
        array([7., 7., 7.], dtype=float32)
    """
    _, height, width, channels = images.shape
    rows = _centered(height, width * size[0] // size[1])
    columns = _centered(width, height * size[1] // size[0])
    down = _linear(rows.stop - rows.start, size[0])
    across = _linear(columns.stop - columns.start, size[1])
    resized = np.empty((len(images), *size, channels), "float32")
    for index, image in enumerate(images):  # one by one: as floats photographs are large
        pixels = image[rows, columns].astype("float32")
        pixels = np.tensordot(down, pixels, axes=1)  # (height, W, C)
        np.matmul(across, pixels, out=resized[index])  # (height, width, C)
    return resized


def _centered(length: int, most: int) -> slice:
    """The middle of an axis, of at most so many pixels and at least one."""
    kept = max(1, min(length, most))
    start = (length - kept) // 2
    return slice(start, start + kept)


def _linear(size_in: int, size_out: int) -> NDArray[np.float32]:
    """The matrix (size_out, size_in) that resizes an axis; on shrinking the kernel is wider."""
    step = size_in / size_out
    centers = (np.arange(size_out) + 0.5) * step - 0.5
    distances = np.abs(np.arange(size_in) - centers[:, None]) / max(step, 1.0)
    weights = np.maximum(0.0, 1.0 - distances)
    return (weights / weights.sum(axis=1, keepdims=True)).astype("float32")
