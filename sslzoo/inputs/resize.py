"""Crop and resize with one matrix per axis: in NumPy, and in graphs for runtimes that do not have
Keras' operation.
"""

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

KERNELS = ("bilinear", "bicubic")  # that `resize_graph` has


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


def resize_graph(images: Any, size: tuple[int, int], kernel: str = "bilinear") -> Any:
    """The largest centered part of the size's shape, resized with antialiasing: what
    `keras.ops.image.resize` does, in operations that every runtime has.

    On TensorFlow it takes two to three times as long for a photograph, so that only exports for
    other runtimes use it. Where they differ, by about 1e-5, this one is nearer to exact weights.

    Args:
        images: float (N, H, W, C); N, H and W may be open.
        size: (height, width).
        kernel: "bilinear" or "bicubic".

    Returns:
        float (N, height, width, C).

    Example:
        >>> import numpy as np
        >>> from sslzoo.inputs.resize import resize_graph
        >>> tuple(resize_graph(np.ones((2, 9, 6, 3), "float32"), (4, 4)).shape)
        (2, 4, 4, 3)
    """
    _, height, width, channels = ops.shape(images)
    rows = _centered(height, width * size[0] // size[1])
    columns = _centered(width, height * size[1] // size[0])
    rows_in, columns_in = rows.stop - rows.start, columns.stop - columns.start
    down, across = (
        axis_matrix(*sides, kernel) for sides in zip((rows_in, columns_in), size, strict=True)
    )
    x = ops.reshape(images[:, rows, columns], (-1, rows_in, columns_in * channels))
    x = ops.reshape(ops.matmul(down, x), (-1, size[0], columns_in, channels))
    # One large product of plain matrices is twice as fast as one for each row of each image.
    x = ops.reshape(ops.transpose(x, (0, 1, 3, 2)), (-1, columns_in))  # (N * height * C, W)
    x = ops.matmul(x, ops.transpose(across))  # (N * height * C, width)
    x = ops.reshape(x, (-1, size[0], channels, size[1]))
    return ops.transpose(x, (0, 1, 3, 2))  # (N, height, width, C)


def axis_matrix(size_in: Any, size_out: Any, kernel: str) -> Any:
    """The matrix (size_out, size_in), float32, that resizes an axis.

    Pixel centers lie at (i + 1/2) / size. On shrinking the kernel is stretched by size_in /
    size_out (antialiasing). A kernel that leaves the image keeps the part inside, scaled to a sum
    of 1.

    Args:
        size_in, size_out: pixels, integers or scalar integer tensors; their product below 2^30.
        kernel: "bilinear" or "bicubic", of Keys 1981 with a = -1/2.

    Example:
        >>> import numpy as np
        >>> from sslzoo.inputs.resize import axis_matrix
        >>> np.asarray(axis_matrix(2, 1, "bilinear")).tolist()
        [[0.5, 0.5]]
    """
    # Twice the distance of two centers, in units of 1 / (size_in * size_out): whole numbers, exact
    # at any size.
    out = (2 * ops.arange(size_out, dtype="int32") + 1)[:, None]
    inside = (2 * ops.arange(size_in, dtype="int32") + 1)[None, :]
    numerator = ops.cast(inside * size_out - out * size_in, "float32")
    d = ops.abs(numerator) / ops.cast(2 * ops.maximum(size_in, size_out), "float32")
    weights = ops.relu(1.0 - d) if kernel == "bilinear" else _cubic(d)
    return weights / ops.sum(weights, axis=1, keepdims=True)


def _cubic(d: Any) -> Any:
    near = (1.5 * d - 2.5) * d * d + 1.0
    far = ((-0.5 * d + 2.5) * d - 4.0) * d + 2.0
    far = ops.where(d < 2.0, far, 0.0)
    return ops.where(d < 1.0, near, far)


def _centered(length: Any, most: Any) -> slice:
    """The middle of an axis, of at most so many pixels and at least one."""
    if isinstance(length, int) and isinstance(most, int):
        kept = max(1, min(length, most))
    else:
        kept = ops.maximum(1, ops.minimum(length, most))
    start = (length - kept) // 2
    return slice(start, start + kept)


def _linear(size_in: int, size_out: int) -> NDArray[np.float32]:
    """The matrix (size_out, size_in) that resizes an axis; on shrinking the kernel is wider."""
    step = size_in / size_out
    centers = (np.arange(size_out) + 0.5) * step - 0.5
    distances = np.abs(np.arange(size_in) - centers[:, None]) / max(step, 1.0)
    weights = np.maximum(0.0, 1.0 - distances)
    return (weights / weights.sum(axis=1, keepdims=True)).astype("float32")
