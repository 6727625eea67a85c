"""From an image file to uint8 RGB pixels of a given size."""

import os

import numpy as np
from numpy.typing import NDArray

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
)
_END_MARKS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}
_TRANSPOSED = (5, 6, 7, 8)  # EXIF orientations that swap width and height


def decode(path: str | os.PathLike, image_size: int | None = None) -> NDArray[np.uint8]:
    """The first frame of an image file as uint8 (H, W, 3), turned upright as its EXIF orientation
    says.

    Palette, CMYK and grey become RGB; transparent pixels lie on white; 16-bit grey keeps its upper
    byte.

    Args:
        image_size: resize the shorter side to this (bicubic, antialiased) and cut the centre
            square. None: as stored.

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
        image = _to_rgb(ImageOps.exif_transpose(image))
    return np.asarray(image if image_size is None else _fit(image, image_size))


def resize(pixels: NDArray[np.uint8], image_size: int) -> NDArray[np.uint8]:
    """uint8 pixels (H, W, 1 or 3) with the shorter side resized and the centre square cut, as
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


class _opened:
    """PIL's file, with every way in which a damaged file fails turned into OSError with a short
    reason.
    """

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        from PIL import Image

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


def _fit(image, image_size):
    from PIL import Image, ImageOps

    if image.size == (image_size, image_size):
        return image
    return ImageOps.fit(image, (image_size, image_size), Image.Resampling.BICUBIC)


def _to_rgb(image):
    from PIL import Image

    if image.mode.startswith("I"):
        return Image.fromarray(
            (np.asarray(image, "uint32") >> 8).clip(0, 255).astype("uint8")
        ).convert("RGB")
    if image.mode == "F":
        raise OSError("float pixels, whose range a file does not say")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _ends_with(path, mark):
    with open(path, "rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - 64))
        return mark in file.read()
