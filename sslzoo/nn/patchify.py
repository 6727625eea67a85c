"""Images as rows of patches, and back."""

from typing import Any

from keras import ops


def patchify(images: Any, patch: int) -> Any:
    """(N, H, W, C) -> (N, patches, patch * patch * C): patches row by row, and in each its pixels
    row by row with their channels (facebookresearch/mae, models_mae.py).

    Args:
        patch: pixels of a side, a divisor of H and of W.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> images = np.arange(16.0).reshape(1, 4, 4, 1)
        >>> np.asarray(nn.patchify(images, 2))[0, 1].tolist()
        [2.0, 3.0, 6.0, 7.0]
    """
    n, height, width, channels = ops.shape(images)
    rows, columns = height // patch, width // patch
    x = ops.reshape(images, (n, rows, patch, columns, patch, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))  # (N, rows, columns, patch, patch, C)
    return ops.reshape(x, (n, rows * columns, patch * patch * channels))


def unpatchify(patches: Any, grid: tuple[int, int], patch: int) -> Any:
    """(N, rows * columns, patch * patch * C) -> (N, H, W, C): the inverse of `patchify`.

    Args:
        grid: [rows, columns] of patches.
        patch: pixels of a side.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> images = np.arange(48.0).reshape(1, 4, 4, 3)
        >>> bool((np.asarray(nn.unpatchify(nn.patchify(images, 2), (2, 2), 2)) == images).all())
        True
    """
    n, _, values = ops.shape(patches)
    rows, columns = grid
    channels = values // patch**2
    x = ops.reshape(patches, (n, rows, columns, patch, patch, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))  # (N, rows, patch, columns, patch, C)
    return ops.reshape(x, (n, rows * patch, columns * patch, channels))
