"""Crop, resize, flip and blur of a batch, each image with its own parameters.

All of them are linear and separable: each is a pair of small matrices per image, one along y and
one along x, and the work is two batched matrix products. The same code on every backend, without
gathers, and fast on small images.
"""

from keras import ops


def separable(images, along_y, along_x):
    """Apply a matrix along each axis of each image.

    Args:
        images: float (N, H, W, C).
        along_y: float (N, P, H).
        along_x: float (N, Q, W).

    Returns:
        float (N, P, Q, C): `out[n,p,q,c] = sum_ij along_y[n,p,i] * along_x[n,q,j] *
        images[n,i,j,c]`.
    """
    _, height, width, channels = ops.shape(images)
    rows, columns = ops.shape(along_y)[1], ops.shape(along_x)[1]
    out = ops.matmul(along_y, ops.reshape(images, (-1, height, width * channels)))
    out = ops.transpose(ops.reshape(out, (-1, rows, width, channels)), (0, 2, 1, 3))
    out = ops.matmul(along_x, ops.reshape(out, (-1, width, rows * channels)))
    return ops.transpose(ops.reshape(out, (-1, columns, rows, channels)), (0, 2, 1, 3))


def resize_matrix(start, length, size_in, size_out, flip=None):
    """The bilinear resize of the interval [start, start + length] of an axis to `size_out` pixels,
    as a matrix.

    Half-pixel centres; the triangle filter widens with the scale when it shrinks (area-correct, no
    aliasing); at the border the weights are normalised over the pixels that exist. So do
    `PIL.Image.resize(box=..., resample=BILINEAR)` and `tf.image.resize(antialias=True)`;
    `tf.image.crop_and_resize` does not widen.

    Args:
        start, length: float (N,), in pixels of the source; pixel j covers [j, j + 1].
        size_in, size_out: numbers of pixels.
        flip: bool (N,), or None; True reverses the output.

    Returns:
        float32 (N, size_out, size_in), rows sum to 1.
    """
    target = ops.cast(ops.arange(size_out), "float32")[None, :]
    if flip is not None:
        target = ops.where(flip[:, None], size_out - 1 - target, target)
    source = ops.cast(ops.arange(size_in), "float32")
    scale = length[:, None] / size_out
    centre = start[:, None] + (target + 0.5) * scale - 0.5
    reach = 1.0 / ops.maximum(scale, 1.0)
    weights = ops.relu(1.0 - ops.abs(centre[:, :, None] - source) * reach[:, :, None])
    return weights / ops.sum(weights, axis=-1, keepdims=True)


def crop_resize(images, y, x, height, width, size, flip=None):
    """Cut a box out of each image and resize it (bilinear, area-correct: see `resize_matrix`).

    Args:
        images: float (N, H, W, C).
        y, x, height, width: float (N,), the box in pixels: its top left corner and its extent,
        inside the image.
        size: side of the square output.
        flip: bool (N,), or None; True mirrors left and right.

    Returns:
        float (N, size, size, C).
    """
    _, size_y, size_x, _ = ops.shape(images)
    return separable(
        images, resize_matrix(y, height, size_y, size), resize_matrix(x, width, size_x, size, flip)
    )


def blur_radius(size):
    """Half the width of the blur kernel: a tenth of the image, odd, as in google-research/simclr
    tf2/data_util.py.
    """
    return size // 10 // 2


def blur_matrix(sigma, size):
    """Gaussian blur along an axis, cut off at `blur_radius(size)` pixels, normalised over the
    pixels that exist.

    (google-research/simclr pads with zeros instead, which darkens the border.)

    Args:
        sigma: float (N,), in pixels; 0 gives the identity.
        size: number of pixels.

    Returns:
        float32 (N, size, size), rows sum to 1.
    """
    pixel = ops.cast(ops.arange(size), "float32")
    distance = ops.abs(pixel[:, None] - pixel[None, :])
    # At sigma = .01 the neighbour's weight exp(-5000) is exactly 0.
    exponent = -0.5 * ops.square(distance / ops.maximum(sigma, 0.01)[:, None, None])
    weights = ops.where(distance <= blur_radius(size), ops.exp(exponent), 0.0)
    return weights / ops.sum(weights, axis=-1, keepdims=True)


def gaussian_blur(images, sigma):
    """Blur each image with its own sigma.

    Args:
        images: float (N, H, W, C).
        sigma: float (N,), in pixels; 0 leaves the image as it is.

    Returns:
        float (N, H, W, C).
    """
    _, height, width, _ = ops.shape(images)
    return separable(images, blur_matrix(sigma, height), blur_matrix(sigma, width))
