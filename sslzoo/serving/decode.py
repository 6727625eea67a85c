"""Encoded images in TensorFlow's graph, as `sslzoo.data` reads their files: upright, on white."""

from typing import Any

import tensorflow as tf

KINDS = {  # what a file begins with
    "JPEG": b"\xff\xd8\xff",
    "PNG": b"\x89PNG\r\n\x1a\n",
    "GIF": b"GIF8",
    "BMP": b"BM",
}
READABLE = "JPEG, PNG, GIF (its first frame) and BMP (of 24 or 32 bits, not compressed)"
_DEEP = (0x1000, 0x1002)  # what a PNG says of 16 bits: gray, colors
_ORIENTATION = 0x0112  # the EXIF tag
_SIZES = {3: 2, 4: 4, 6: 1, 8: 2, 9: 4}  # bytes of an integer, by the number of its type


def decode(file: Any) -> Any:
    """A file, a string tensor () -> its pixels, uint8 (H, W, 3).

    They are those of `sslzoo.data.decode`: turned as the EXIF orientation says, transparent pixels
    on white, gray and palettes as RGB, the upper 8 bits of more.

    Running it raises `tf.errors.InvalidArgumentError`: of a file of another kind with a sentence
    that names the readable ones, of a damaged file with the decoder's own words.

    Example:
        >>> import numpy as np, tensorflow as tf
        >>> from sslzoo.serving.decode import decode
        >>> decode(tf.io.encode_png(np.zeros((2, 3, 1), "uint8"))).shape
        TensorShape([2, 3, 3])
    """
    kinds = [_starts(file, mark) for mark in KINDS.values()]
    kind = tf.reduce_sum(tf.range(1, 1 + len(kinds)) * tf.cast(kinds, "int32"))  # 0 of none
    refusal = f"image_bytes: got a file of another kind; it must be {READABLE}."
    with tf.control_dependencies([tf.debugging.Assert(kind > 0, [refusal])]):
        file = tf.identity(file)
    pixels = tf.switch_case(
        kind - 1, [lambda: _jpeg(file), lambda: _png(file), lambda: _gif(file), lambda: _bmp(file)]
    )
    return tf.ensure_shape(pixels, (None, None, 3))


def decode_or_mark(file: Any) -> tuple[Any, Any]:
    """`decode`, and whether it could be read. What could not is one white pixel, and no error.

    Example:
        >>> from sslzoo.serving.decode import decode_or_mark
        >>> pixels, readable = decode_or_mark("no image")
        >>> bool(readable)
        False
    """
    unreadable = tf.data.Dataset.from_tensors(
        (tf.fill((1, 1, 3), tf.constant(255, "uint8")), False)
    )
    files = tf.data.Dataset.from_tensors(file)
    decoded = files.map(lambda one: (decode(one), True)).ignore_errors()
    return decoded.concatenate(unreadable).take(1).get_single_element()


def _starts(file: Any, mark: bytes) -> Any:
    return tf.equal(tf.strings.substr(file, 0, len(mark)), mark)


def _jpeg(file: Any) -> Any:
    # The exact inverse DCT is Pillow's, with which images of a training set are read.
    pixels = tf.io.decode_jpeg(file, channels=3, dct_method="INTEGER_ACCURATE")
    return _upright(pixels, _orientation(tf.io.decode_raw(file, "uint8"), _in_jpeg))


def _png(file: Any) -> Any:
    data = tf.io.decode_raw(file, "uint8")
    deep = tf.reduce_any(tf.equal(_number(data, 24, 2, True), _DEEP))
    pixels = tf.cond(deep, lambda: _deep(file), lambda: _shallow(file, data))
    return _upright(pixels, _orientation(data, _in_png))


def _deep(file: Any) -> Any:
    """The upper 8 of the 8, 12 or 16 bits that the largest value needs."""
    values = tf.cast(tf.io.decode_png(file, channels=3, dtype=tf.uint16), "int32")
    largest = tf.reduce_max(values)
    lower = tf.where(largest < 2**8, 1, tf.where(largest < 2**12, 2**4, 2**8))
    return tf.cast(values // lower, "uint8")


def _shallow(file: Any, data: Any) -> Any:
    pixels = tf.io.decode_png(file, channels=4)
    # Where there is no alpha TensorFlow fills in the largest value of the file's own bits.
    bits = tf.minimum(_number(data, 24, 1, True), 8)
    opaque = tf.reduce_all(tf.cast(pixels[..., 3], "int32") == 2**bits - 1)
    return tf.cond(opaque, lambda: pixels[..., :3], lambda: _on_white(pixels))


def _gif(file: Any) -> Any:
    return tf.io.decode_gif(file)[0]


def _bmp(file: Any) -> Any:
    data = tf.io.decode_raw(file, "uint8")
    header = _number(data, 14, 4, False)  # its size, another before Windows 3
    bits = _number(data, 28, 2, False)
    compression = _number(data, 30, 4, False)
    plain = (header >= 40) & (header <= 124) & (bits >= 24) & (compression == 0)
    refusal = f"image_bytes: got a BMP with a palette or compressed; it must be {READABLE}."
    with tf.control_dependencies([tf.debugging.Assert(plain, [refusal])]):
        return tf.io.decode_bmp(file)[..., :3]


def _on_white(pixels: Any) -> Any:
    """RGBA -> RGB, rounded as Pillow's `alpha_composite` over white does it."""
    pixels = tf.cast(pixels, "int32")
    alpha = pixels[..., 3:]
    mixed = 128 * (pixels[..., :3] * alpha + 255 * (255 - alpha) + 128)
    return tf.cast((mixed + mixed // 256) // 2**15, "uint8")


def _upright(pixels: Any, orientation: Any) -> Any:
    """Pixels (H, W, 3) turned and mirrored as one of the orientations 1..8 says."""

    def among(*orientations):
        return tf.reduce_any(tf.equal(orientation, orientations))

    def when(condition, change, pixels):
        return tf.cond(condition, lambda: change(pixels), lambda: pixels)

    pixels = when(among(5, 6, 7, 8), lambda x: tf.transpose(x, (1, 0, 2)), pixels)
    pixels = when(among(2, 3, 6, 7), lambda x: tf.reverse(x, [1]), pixels)
    return when(among(3, 4, 7, 8), lambda x: tf.reverse(x, [0]), pixels)


# ---- EXIF ----------------------------------------------------------------------------


def _number(data: Any, start: Any, size: int, big: Any) -> Any:
    """The unsigned integer of `size` bytes from `start` on, 0 beyond the end. big: the first byte
    counts most.
    """
    places = start + tf.range(size)
    inside = tf.logical_and(places >= 0, places < tf.size(data))
    found = tf.gather(data, tf.where(inside, places, 0))
    numbers = tf.where(inside, tf.cast(found, "int64"), 0)
    numbers = tf.where(big, numbers, numbers[::-1])
    weights = tf.constant([256**power for power in reversed(range(size))], "int64")
    return tf.cast(tf.minimum(tf.reduce_sum(numbers * weights), 2**31 - 1), "int32")


def _orientation(data: Any, find: Any) -> Any:
    """The orientation in the EXIF block of a file (uint8,), 1 where there is none."""
    start = find(data)
    big = tf.equal(_number(data, start, 2, True), 0x4D4D)
    first = start + _number(data, start + 4, 4, big)
    count = _number(data, first, 2, big)

    def missing(entry, _):
        tag = _number(data, first + 2 + 12 * (entry - 1), 2, big)
        return tf.logical_and(entry < count, tf.logical_or(entry < 1, tag != _ORIENTATION))

    def value(entry, _):
        place = first + 2 + 12 * entry
        found = tf.equal(_number(data, place, 2, big), _ORIENTATION)
        return entry + 1, tf.where(found, _value(data, place, big), 1)

    _, orientation = tf.while_loop(missing, value, (0, 1))
    return tf.where(start > 0, orientation, 1)


def _value(data: Any, place: Any, big: Any) -> Any:
    """The first integer of an EXIF entry, 1 where it holds none."""
    kind = _number(data, place + 2, 2, big)
    value = tf.constant(1)
    for number, size in _SIZES.items():
        value = tf.where(tf.equal(kind, number), _number(data, place + 8, size, big), value)
    return value


def _in_jpeg(data: Any) -> Any:
    """Where the EXIF block of a JPEG begins, 0 where there is none."""

    def going(place, found):
        marker = _number(data, place, 2, True)
        segment = tf.logical_and(marker > 0xFF00, marker != 0xFFDA)  # the pixels follow 0xFFDA
        return tf.logical_and(tf.equal(found, 0), segment)

    def step(place, _):
        app1 = tf.equal(_number(data, place, 2, True), 0xFFE1)
        exif = tf.equal(_number(data, place + 4, 4, True), 0x45786966)  # "Exif"
        found = tf.where(tf.logical_and(app1, exif), place + 10, 0)
        return place + 2 + _number(data, place + 2, 2, True), found

    return tf.while_loop(going, step, (2, 0))[1]


def _in_png(data: Any) -> Any:
    """Where the EXIF block of a PNG begins, 0 where there is none before the pixels."""

    def going(place, found):
        kind = _number(data, place + 4, 4, True)
        chunk = tf.logical_and(kind > 0, kind != 0x49444154)  # "IDAT"
        return tf.logical_and(tf.equal(found, 0), chunk)

    def step(place, _):
        exif = tf.equal(_number(data, place + 4, 4, True), 0x65584966)  # "eXIf"
        length = tf.minimum(_number(data, place, 4, True), tf.size(data))
        return place + 12 + length, tf.where(exif, place + 8, 0)

    return tf.while_loop(going, step, (8, 0))[1]
