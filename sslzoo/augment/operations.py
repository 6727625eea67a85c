"""The color operations of RandAugment on a batch, each image with its own magnitude and each
neutral at one of its values.

Those of PIL's ImageOps and ImageEnhance that FixMatch draws from, on values in [0, 1] instead of
0..255. They take channels first: their sums and extrema run over whole planes, which a CPU does
four times as fast as over interleaved channels. Every one of them keeps values in [0, 1]. All
arguments beside `planes`, float (N, C, H, W), have the shape (N,).
"""

from typing import Any

from keras import ops

from sslzoo.augment.color import LUMA


def tone(planes: Any, brightness: Any, contrast: Any, color: Any, autocontrast: Any) -> Any:
    """One of: brightness (a factor; 1 is neutral), contrast (the distance from the mean luma, times
    a factor), color (the distance from the luma, times a factor), autocontrast (bool: stretch each
    channel to all of [0, 1]).

    All are affine in the channels: one matrix and one offset per image. Where several are given for
    one image, the mean and the extrema are those of the image as it came.

    Example:
        >>> import numpy as np
        >>> from sslzoo.augment.operations import tone
        >>> planes, one = np.full((1, 1, 2, 2), 0.5, "float32"), np.ones(1, "float32")
        >>> float(tone(planes, 0.5 * one, one, one, np.array([False]))[0, 0, 0, 0])
        0.25
    """
    _, channels, height, width = planes.shape
    pixels = ops.reshape(planes, (-1, channels, height * width))  # (N, C, H*W)
    low, high = ops.min(pixels, axis=2), ops.max(pixels, axis=2)  # (N, C)
    luma = ops.convert_to_tensor(LUMA if channels == 3 else (1.0,), dtype="float32")
    mean = ops.sum(ops.mean(pixels, axis=2) * luma, axis=1, keepdims=True)  # (N, 1)
    stretch = ops.logical_and(autocontrast[:, None], high > low)
    scale = ops.where(stretch, 1.0 / ops.where(high > low, high - low, 1.0), 1.0)
    factor = (brightness * contrast)[:, None]
    offset = ops.where(stretch, -low * scale, 0.0) + (1.0 - contrast)[:, None] * mean  # (N, C)
    if channels == 1:  # gray has no color to take away
        out = pixels * (factor * scale)[:, :, None] + offset[:, :, None]
    else:
        color = color[:, None, None]
        mix = color * ops.eye(channels) + (1.0 - color) * luma  # (N, C, C)
        out = ops.matmul(mix * (factor * scale)[:, None, :], pixels) + offset[:, :, None]
    # rounding alone leaves the range
    return ops.clip(ops.reshape(out, (-1, channels, height, width)), 0.0, 1.0)


def posterize(planes: Any, bits: Any) -> Any:
    """Keep the highest `bits` bits of each value's 8; 8 is neutral.

    Example:
        >>> import numpy as np
        >>> from sslzoo.augment.operations import posterize
        >>> planes = np.full((1, 1, 1, 1), 200 / 255, "float32")
        >>> round(255 * float(posterize(planes, np.ones(1, "float32"))[0, 0, 0, 0]))
        128
    """
    step = ops.power(2.0, 8.0 - bits)[:, None, None, None]
    # 1e-4: k / 255 * 255 may fall short of k
    kept = ops.floor(planes * (255.0 / step) + 1e-4) * (step / 255.0)
    return ops.where(step > 1.0, kept, planes)


def sharpness(planes: Any, factor: Any) -> Any:
    """The distance from the image blurred by [1 1 1; 1 5 1; 1 1 1] / 13, times a factor.

    1 is neutral, 0 the blurred image. The outermost pixels are not blurred, as in PIL.

    Example:
        >>> import numpy as np
        >>> from sslzoo.augment.operations import sharpness
        >>> planes = np.zeros((1, 1, 3, 3), "float32")
        >>> planes[0, 0, 1, 1] = 1
        >>> round(13 * float(sharpness(planes, np.zeros(1, "float32"))[0, 0, 1, 1]))
        5
    """
    rows = planes[:, :, :-2] + planes[:, :, 1:-1] + planes[:, :, 2:]  # (N, C, H-2, W)
    box = rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]  # (N, C, H-2, W-2): sums of 3 x 3
    strength = ((1.0 - factor) / 13.0)[:, None, None, None]
    change = (box - 9.0 * planes[:, :, 1:-1, 1:-1]) * strength
    return planes + ops.pad(change, ((0, 0), (0, 0), (1, 1), (1, 1)))


def equalize(planes: Any, chosen: Any) -> Any:
    """Spread the 256 values of each channel so that their counts are even.

    PIL's table: value v becomes (step // 2 + number of pixels below v) // step, step = (pixels -
    pixels of the greatest value) // 255; where step is 0 nothing changes.

    Args:
        planes: float (N, C, H, W).
        chosen: bool (N,): the others stay as they are.

    Example:
        >>> import numpy as np
        >>> from sslzoo.augment.operations import equalize
        >>> planes = np.repeat([0.4, 0.6], 512).astype("float32").reshape(1, 1, 32, 32)
        >>> spread = equalize(planes, np.array([True]))
        >>> round(float(np.max(spread) - np.min(spread)), 2)
        1.0
    """
    _, _, height, width = planes.shape
    count = height * width
    values = ops.cast(ops.reshape(planes, (-1, count)) * 255.0 + 0.5, "int32")  # (N*C, H*W)
    total = ops.shape(values)[0]
    # in a table of 256 per plane
    entry = ops.reshape(values + 256 * ops.arange(total, dtype="int32")[:, None], (-1,))
    counts = ops.segment_sum(ops.ones_like(entry, dtype="float32"), entry, num_segments=256 * total)
    counts = ops.reshape(counts, (-1, 256))  # (N*C, 256)
    below = ops.cumsum(counts, axis=1) - counts
    # Below the greatest value lie all pixels but its own.
    step = ops.floor(ops.max(ops.where(counts > 0, below, 0.0), axis=1, keepdims=True) / 255.0)
    table = ops.minimum(ops.floor((ops.floor(step / 2.0) + below) / ops.maximum(step, 1.0)), 255.0)
    table = ops.where(step > 0, table, ops.arange(256, dtype="float32")[None, :])
    spread = ops.take(ops.reshape(table / 255.0, (-1,)), entry)  # (N*C*H*W,)
    return ops.where(chosen[:, None, None, None], ops.reshape(spread, ops.shape(planes)), planes)
