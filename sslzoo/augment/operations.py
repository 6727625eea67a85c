"""The colour operations of RandAugment on a batch, each image with its own magnitude and each
neutral at one of its values.

Those of PIL's ImageOps and ImageEnhance that FixMatch draws from, on values in [0, 1] instead of
0..255. They take channels
first: their sums and extrema run over whole planes, which a CPU does four times as fast as over
interleaved channels. Every one of them keeps values in [0, 1]. All arguments beside `planes`, float
(N, C, H, W), have the shape (N,).
"""

from keras import ops

from sslzoo.augment.colour import LUMA


def tone(planes, brightness, contrast, colour, autocontrast):
    """One of: brightness (a factor; 1 is neutral), contrast (the distance from the mean luma, times
    a factor), colour (the distance from the luma, times a factor), autocontrast (bool: stretch each
    channel to all of [0, 1]).

    All are affine in the channels: one matrix and one offset per image. Where several are given for
    one image, the mean and the extrema are those of the image as it came.
    """
    _, channels, height, width = planes.shape
    pixels = ops.reshape(planes, (-1, channels, height * width))
    low, high = ops.min(pixels, axis=2), ops.max(pixels, axis=2)
    luma = ops.convert_to_tensor(LUMA if channels == 3 else (1.0,), dtype="float32")
    mean = ops.sum(ops.mean(pixels, axis=2) * luma, axis=1, keepdims=True)
    stretch = ops.logical_and(autocontrast[:, None], high > low)
    scale = ops.where(stretch, 1.0 / ops.where(high > low, high - low, 1.0), 1.0)
    factor = (brightness * contrast)[:, None]
    offset = ops.where(stretch, -low * scale, 0.0) + (1.0 - contrast)[:, None] * mean
    if channels == 1:  # grey has no colour to take away
        out = pixels * (factor * scale)[:, :, None] + offset[:, :, None]
    else:
        mix = colour[:, None, None] * ops.eye(channels) + (1.0 - colour)[:, None, None] * luma
        out = ops.matmul(mix * (factor * scale)[:, None, :], pixels) + offset[:, :, None]
    # rounding alone leaves the range
    return ops.clip(ops.reshape(out, (-1, channels, height, width)), 0.0, 1.0)


def posterise(planes, bits):
    """Keep the highest `bits` bits of each value's 8; 8 is neutral."""
    step = ops.power(2.0, 8.0 - bits)[:, None, None, None]
    # 1e-4: k / 255 * 255 may fall short of k
    kept = ops.floor(planes * (255.0 / step) + 1e-4) * (step / 255.0)
    return ops.where(step > 1.0, kept, planes)


def sharpness(planes, factor):
    """The distance from the image blurred by [1 1 1; 1 5 1; 1 1 1] / 13, times a factor; 1 is
    neutral, 0 the blurred image. The outermost pixels are not blurred, as in PIL.
    """
    rows = planes[:, :, :-2] + planes[:, :, 1:-1] + planes[:, :, 2:]
    box = rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]
    change = (box - 9.0 * planes[:, :, 1:-1, 1:-1]) * ((1.0 - factor) / 13.0)[:, None, None, None]
    return planes + ops.pad(change, ((0, 0), (0, 0), (1, 1), (1, 1)))


def equalise(planes, chosen):
    """Spread the 256 values of each channel so that their counts are even; `chosen`, bool: the
    others stay as they are.

    PIL's table: value v becomes (step // 2 + number of pixels below v) // step, step = (pixels -
    pixels of the greatest value) // 255; where step is 0 nothing changes.
    """
    _, _, height, width = planes.shape
    count = height * width
    values = ops.cast(ops.reshape(planes, (-1, count)) * 255.0 + 0.5, "int32")
    total = ops.shape(values)[0]
    # in a table of 256 per plane
    entry = ops.reshape(values + 256 * ops.arange(total, dtype="int32")[:, None], (-1,))
    counts = ops.segment_sum(ops.ones_like(entry, dtype="float32"), entry, num_segments=256 * total)
    counts = ops.reshape(counts, (-1, 256))
    below = ops.cumsum(counts, axis=1) - counts
    # Below the greatest value lie all pixels but its own.
    step = ops.floor(ops.max(ops.where(counts > 0, below, 0.0), axis=1, keepdims=True) / 255.0)
    table = ops.minimum(ops.floor((ops.floor(step / 2.0) + below) / ops.maximum(step, 1.0)), 255.0)
    table = ops.where(step > 0, table, ops.arange(256, dtype="float32")[None, :])
    found = ops.take(ops.reshape(table / 255.0, (-1,)), entry)
    return ops.where(chosen[:, None, None, None], ops.reshape(found, ops.shape(planes)), planes)
