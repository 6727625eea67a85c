"""Crop, resize, flip and blur of a batch, each image with its own parameters.

All of them are linear and separable: each is a pair of small matrices per image, one along y and
one along x, and the work is two batched matrix products. The same code on every backend, without
gathers, and fast on small images.
"""

from typing import Any

from keras import ops


def separable(images: Any, along_y: Any, along_x: Any) -> Any:
    """Apply a matrix along each axis of each image.

    Args:
        images: float (N, H, W, C).
        along_y: float (N, P, H).
        along_x: float (N, Q, W).

    Returns:
        float (N, P, Q, C): `out[n,p,q,c] = sum_ij along_y[n,p,i] * along_x[n,q,j] *
        images[n,i,j,c]`.

    Example:
        >>> import numpy as np
        >>> from sslzoo.augment.geometry import separable
        >>> mean = np.full((1, 1, 2), 0.5, "float32")
        >>> images = np.array([1.0, 2.0, 3.0, 4.0], "float32").reshape(1, 2, 2, 1)
        >>> float(separable(images, mean, mean)[0, 0, 0, 0])
        2.5
    """
    _, height, width, channels = ops.shape(images)
    rows, columns = ops.shape(along_y)[1], ops.shape(along_x)[1]  # P, Q
    out = ops.matmul(along_y, ops.reshape(images, (-1, height, width * channels)))  # (N, P, W*C)
    out = ops.reshape(out, (-1, rows, width, channels))
    out = ops.transpose(out, (0, 2, 1, 3))  # (N, W, P, C)
    out = ops.matmul(along_x, ops.reshape(out, (-1, width, rows * channels)))  # (N, Q, P*C)
    out = ops.reshape(out, (-1, columns, rows, channels))
    return ops.transpose(out, (0, 2, 1, 3))  # (N, P, Q, C)


def resize_matrix(start: Any, length: Any, size_in: int, size_out: int, flip: Any = None) -> Any:
    """The bilinear resize of the interval [start, start + length] of an axis to `size_out` pixels,
    as a matrix.

    Half-pixel centers. The triangle filter widens with the scale when it shrinks (area-correct, no
    aliasing). At the border the weights are normalized over the pixels that exist. So do
    `PIL.Image.resize(box=..., resample=BILINEAR)` and `tf.image.resize(antialias=True)`;
    `tf.image.crop_and_resize` does not widen.

    Args:
        start, length: float (N,), in pixels of the source; pixel j covers [j, j + 1].
        size_in, size_out: numbers of pixels.
        flip: bool (N,), or None; True reverses the output.

    Returns:
        float32 (N, size_out, size_in), rows sum to 1.

    Example:
        >>> import numpy as np
        >>> from sslzoo.augment.geometry import resize_matrix
        >>> matrix = resize_matrix(np.zeros(1, "float32"), np.full(1, 2, "float32"), 2, 1)
        >>> np.asarray(matrix).tolist()
        [[[0.5, 0.5]]]
    """
    target = ops.cast(ops.arange(size_out), "float32")[None, :]  # (1, out)
    if flip is not None:
        target = ops.where(flip[:, None], size_out - 1 - target, target)  # (N, out)
    source = ops.cast(ops.arange(size_in), "float32")
    scale = length[:, None] / size_out
    center = start[:, None] + (target + 0.5) * scale - 0.5  # (N, out), in pixels of the source
    reach = 1.0 / ops.maximum(scale, 1.0)
    weights = ops.relu(1.0 - ops.abs(center[:, :, None] - source) * reach[:, :, None])
    return weights / ops.sum(weights, axis=-1, keepdims=True)


def crop_resize(
    images: Any, y: Any, x: Any, height: Any, width: Any, size: int, flip: Any = None
) -> Any:
    """Cut a box out of each image and resize it (bilinear, area-correct: see `resize_matrix`).

    Args:
        images: float (N, H, W, C).
        y, x, height, width: float (N,), the box in pixels: its top left corner and its extent,
            inside the image.
        size: side of the square output.
        flip: bool (N,), or None; True mirrors left and right.

    Returns:
        float (N, size, size, C).

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment
        >>> images, side = np.ones((1, 6, 8, 3), "float32"), np.full(1, 4, "float32")
        >>> tuple(augment.crop_resize(images, 0 * side, 0 * side, side, side, 2).shape)
        (1, 2, 2, 3)
    """
    _, size_y, size_x, _ = ops.shape(images)
    along_y = resize_matrix(y, height, size_y, size)
    along_x = resize_matrix(x, width, size_x, size, flip)
    return separable(images, along_y, along_x)


def blur_radius(size: int) -> int:
    """Half the width of the blur kernel: a tenth of the image, odd, as in google-research/simclr
    tf2/data_util.py.

    Example:
        >>> from sslzoo.augment.geometry import blur_radius
        >>> blur_radius(32), blur_radius(224)
        (1, 11)
    """
    return size // 10 // 2


def blur_matrix(sigma: Any, size: int) -> Any:
    """Gaussian blur along an axis, cut off at `blur_radius(size)` pixels, normalized over the
    pixels that exist.

    (google-research/simclr pads with zeros instead, which darkens the border.)

    Args:
        sigma: float (N,), in pixels; 0 gives the identity.
        size: number of pixels.

    Returns:
        float32 (N, size, size), rows sum to 1.

    Example:
        >>> import numpy as np
        >>> from sslzoo.augment.geometry import blur_matrix
        >>> bool(np.all(np.asarray(blur_matrix(np.zeros(1, "float32"), 32))[0] == np.eye(32)))
        True
    """
    pixel = ops.cast(ops.arange(size), "float32")
    distance = ops.abs(pixel[:, None] - pixel[None, :])  # (size, size)
    # At sigma = 0.01 the neighbor's weight exp(-5000) is exactly 0.
    exponent = -0.5 * ops.square(distance / ops.maximum(sigma, 0.01)[:, None, None])
    weights = ops.where(distance <= blur_radius(size), ops.exp(exponent), 0.0)
    return weights / ops.sum(weights, axis=-1, keepdims=True)


def gaussian_blur(images: Any, sigma: Any) -> Any:
    """Blur each image with its own sigma.

    Args:
        images: float (N, H, W, C).
        sigma: float (N,), in pixels; 0 leaves the image as it is.

    Returns:
        float (N, H, W, C).

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment
        >>> images = np.ones((1, 32, 32, 3), "float32")
        >>> tuple(augment.gaussian_blur(images, np.ones(1, "float32")).shape)
        (1, 32, 32, 3)
    """
    _, height, width, _ = ops.shape(images)
    return separable(images, blur_matrix(sigma, height), blur_matrix(sigma, width))
