"""From an image file to uint8 RGB pixels of a given size."""

import os
import sys
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

# fmt: off
ENDINGS = frozenset([
    ".apng", ".avif", ".bmp", ".dib", ".gif", ".heic", ".heif", ".jfif", ".jp2", ".jpe", ".jpeg",
    ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp",
])
# fmt: on
DEPTHS = (8, 12, 16)  # bits that cameras and scanners have
# Of colors of 16 bits Pillow reads the upper byte. {how it is told to: how it reads the lower one}
_LOWER = {
    "RGB;16B": "RGB;16L",
    "RGB;16L": "RGB;16B",
    "RGB;16N": "RGB;16B" if sys.byteorder == "little" else "RGB;16L",
}
_END_MARKS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}
_TRANSPOSED = (5, 6, 7, 8)  # EXIF orientations that swap width and height


def readable_endings() -> frozenset[str]:
    """Endings of image files that Pillow reads in this Python: `ENDINGS`, without AVIF where Pillow
    was built without it, and without HEIC before `pillow_heif.register_heif_opener()`.

    >>> ".jpg" in readable_endings()
    True
    """
    from PIL import Image

    return ENDINGS & Image.registered_extensions().keys()


def decode(
    path: str | os.PathLike | BinaryIO, image_size: int | None = None, bits: int | None = None
) -> NDArray[np.uint8]:
    """The first frame of an image file as uint8 (H, W, 3), turned upright as its EXIF orientation
    says.

    Palette, CMYK and gray become RGB; transparent pixels lie on white. Gray and color of more than
    8 bits keep their upper 8. A TIFF may say how many bits it has, a PGM and a JPEG 2000 do. A PNG
    says how many it could have. There, `bits` or the values decide. Colors with transparency count
    as of 16 bits.

    Args:
        path: of the file; or the file itself, open.
        image_size: resize the shorter side to this (bicubic, antialiased) and cut the center
            square. None: as stored.
        bits: Bits of the values in a file that does not say it. None: 8, 12 or 16, or what the
            largest value needs.

    Raises:
        OSError: what cannot be read, with the reason.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("L", (6, 4), 9).save(f"{folder}/a.png")
    ...     decode(f"{folder}/a.png", image_size=2).shape
    (2, 2, 3)
    """
    from PIL import ImageOps

    with _opened(path) as image:
        if image_size is not None:
            # Lets the JPEG decoder skip detail that twice the wanted size does not show: 2-4 times
            # faster on photos.
            image.draft(image.mode, (2 * image_size, 2 * image_size))
        bits = _said_bits(image) or bits
        if (values := _deep_color(path, image)) is not None:
            image.paste(_upper_bits(values, bits))
        image = _to_rgb(ImageOps.exif_transpose(image), bits)
    return np.asarray(image if image_size is None else _fit(image, image_size))


def pixels_of(image: Any) -> NDArray[np.uint8]:
    """An image of PIL as uint8 (H, W, 3), as `decode` makes it of a file.

    Raises:
        OSError: float pixels, or a damaged file behind it.

    >>> from PIL import Image
    >>> pixels_of(Image.new("RGBA", (6, 4)))[0, 0]
    array([255, 255, 255], dtype=uint8)
    """
    from PIL import ImageOps

    return np.asarray(_to_rgb(ImageOps.exif_transpose(image), _said_bits(image)))


def resize(pixels: NDArray[np.uint8], image_size: int) -> NDArray[np.uint8]:
    """uint8 pixels (H, W, 1 or 3) with the shorter side resized and the center square cut, as
    `decode` does it.

    >>> resize(np.zeros((6, 9, 3), "uint8"), 4).shape
    (4, 4, 3)
    """
    from PIL import Image

    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    return np.asarray(_fit(image, image_size)).reshape(image_size, image_size, pixels.shape[-1])


def probe(path: str | os.PathLike) -> tuple[int, int]:
    """(height, width) of an image file, upright, without decoding it unless its end looks cut off.

    Raises OSError for what cannot be read, with the reason.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("L", (6, 4)).save(f"{folder}/a.png")
    ...     probe(f"{folder}/a.png")
    (4, 6)
    """
    with _opened(path) as image:
        width, height = image.size
        # Asking a PNG for EXIF data that it does not announce would decode it.
        orientation = (
            image.getexif().get(0x0112) if image.format == "JPEG" or "exif" in image.info else None
        )
        format_ = image.format
    if format_ in _END_MARKS and not _ends_with(path, _END_MARKS[format_]):
        decode(path)
    return (width, height) if orientation in _TRANSPOSED else (height, width)


def keeps_its_pixels(path: str | os.PathLike) -> bool:
    """Whether any decoder of JPEG and PNG makes the pixels of a file that `decode` makes: 8 bits of
    gray or color, upright, nothing transparent.

    Raises OSError for what cannot be read, with the reason.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGB", (6, 4)).save(f"{folder}/a.png")
    ...     Image.new("RGBA", (6, 4)).save(f"{folder}/b.png")
    ...     keeps_its_pixels(f"{folder}/a.png"), keeps_its_pixels(f"{folder}/b.png")
    (True, False)
    """
    with _opened(path) as image:
        plain = image.format in ("JPEG", "PNG") and image.mode in ("L", "RGB")
        if not plain or "transparency" in image.info or _deep_color(path, image) is not None:
            return False
        return image.getexif().get(0x0112, 1) == 1


def guessed_bits(path: str | os.PathLike) -> int:
    """Bits that the values of an image of more than 8 bits need, where its file does not say it; 0
    for any other image.

    Raises OSError for what cannot be read, with the reason.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.fromarray(np.full((4, 4), 4095, "uint16")).save(f"{folder}/a.png")
    ...     guessed_bits(f"{folder}/a.png")
    12
    """
    with _opened(path) as image:
        if _said_bits(image):
            return 0
        gray = image.mode.startswith("I")
        values = np.asarray(image) if gray else _deep_color(path, image)
        return 0 if values is None else _needed_bits(values)


class _opened:
    """PIL's file, with every way in which a damaged file fails turned into OSError with a short
    reason.
    """

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        from PIL import Image

        if _is_irregular(self.path):
            raise OSError("not a regular file")  # reading a pipe would wait forever
        try:
            self.image = Image.open(self.path)
        except Exception as error:
            raise OSError(self._reason(error)) from None
        return self.image

    def __exit__(self, _, error, __):
        self.image.close()
        if isinstance(error, Exception):
            raise OSError(self._reason(error)) from None

    def _reason(self, error):
        from PIL import UnidentifiedImageError

        return (
            "not an image"
            if isinstance(error, UnidentifiedImageError)
            else str(error) or type(error).__name__
        )


def _is_irregular(path):
    named = isinstance(path, (str, os.PathLike))
    return named and os.path.exists(path) and not os.path.isfile(path)


def _fit(image, image_size):
    from PIL import Image, ImageOps

    if image.size == (image_size, image_size):
        return image
    return ImageOps.fit(image, (image_size, image_size), Image.Resampling.BICUBIC)


def _to_rgb(image, bits):
    from PIL import Image

    if image.mode.startswith("I"):
        return _upper_bits(np.asarray(image, "int64"), bits).convert("RGB")
    if image.mode == "F":
        raise OSError("float pixels, whose range a file does not say")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _deep_color(path, image):
    """The values (H, W, 3) of an image of colors of 16 bits, None of any other."""
    from PIL import Image

    lower = [_LOWER.get(_raw_mode(tile)) for tile in getattr(image, "tile", ())]
    if not lower or None in lower:
        return None
    with Image.open(path) as again:
        again.tile = [
            (*where, mode if isinstance(how, str) else (mode, *how[1:]))
            for (*where, how), mode in zip(again.tile, lower, strict=True)
        ]
        return np.asarray(image, "int64") << 8 | np.asarray(again)


def _raw_mode(tile):
    """How Pillow is told to read the pixels of a part of a file."""
    how = tile[3]  # decoder, place, offset, arguments; a plain tuple before Pillow 11
    return how if isinstance(how, str) else next(iter(how or ()), None)


def _upper_bits(values, bits):
    """The upper 8 bits as an image."""
    from PIL import Image

    upper = values >> max(0, (bits or _needed_bits(values)) - 8)
    return Image.fromarray(upper.clip(0, 255).astype("uint8"))


def _said_bits(image):
    """How many bits the format of a file says, or None."""
    if image.format in ("PPM", "JPEG2000"):
        return 16  # Pillow scales both to it
    tags = getattr(image, "tag_v2", {})
    stored = tags.get(258, (8,))[0]  # BitsPerSample; 16 and 32 are what the file could hold
    highest = tags.get(281, (0,))[0]  # MaxSampleValue
    return stored if stored % 8 else int(highest).bit_length() or None


def _needed_bits(values):
    highest = max(1, int(values.max()))
    return next((bits for bits in DEPTHS if highest < 2**bits), highest.bit_length())


def _ends_with(path, mark):
    with open(path, "rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - 64))
        return mark in file.read()
