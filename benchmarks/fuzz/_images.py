"""Image files of the kinds that an export reads, of some that it does not, and bombs."""

import io
import struct
import zlib

import numpy as np
from PIL import Image, PngImagePlugin

SIZE = (23, 17)  # width and height
BOMB = 60_000  # pixels of a side that a header claims


def files():
    """{name: bytes} of the kinds that `sslzoo.serving.decode` reads."""
    color = _color()
    gray, palette = color.convert("L"), color.convert("P")
    alpha = color.convert("RGBA")
    alpha.putalpha(gray)
    deep = Image.fromarray(np.asarray(gray).astype("uint16") * 257)
    turned = {f"JPEG, orientation {n}": _file(color, "JPEG", exif=_exif(n)) for n in range(10)}
    return turned | {
        "JPEG": _file(color, "JPEG"),
        "JPEG, big-endian tags": _file(color, "JPEG", exif=_exif(6, ">")),
        "JPEG, progressive": _file(color, "JPEG", progressive=True),
        "JPEG, no subsampling": _file(color, "JPEG", subsampling=0),
        "JPEG, gray": _file(gray, "JPEG"),
        "JPEG, CMYK": _file(color.convert("CMYK"), "JPEG"),
        "PNG": _file(color, "PNG"),
        "PNG, orientation 6": _file(color, "PNG", exif=_exif(6)),
        "PNG, gray": _file(gray, "PNG"),
        "PNG, 1 bit": _file(gray.convert("1"), "PNG"),
        "PNG, 16 bits": _file(deep, "PNG"),
        "PNG, 16 bits of color": _deep_color(color),
        "PNG, alpha": _file(alpha, "PNG"),
        "PNG, gray and alpha": _file(alpha.convert("LA"), "PNG"),
        "PNG, palette": _file(palette, "PNG"),
        "PNG, palette of 4": _file(color.quantize(4), "PNG"),
        "PNG, one transparent of a palette": _file(palette, "PNG", transparency=3),
        "PNG, palette with alpha": _file(palette, "PNG", transparency=bytes(range(256))),
        "PNG, a transparent color": _file(color, "PNG", transparency=color.getpixel((0, 0))),
        "PNG, a transparent gray": _file(gray, "PNG", transparency=gray.getpixel((0, 0))),
        "PNG, gamma": _file(color, "PNG", pnginfo=_gamma()),
        "GIF": _file(palette, "GIF"),
        "GIF of two": _file(palette, "GIF", save_all=True, append_images=[palette.rotate(90)]),
        "BMP": _file(color, "BMP"),
        "BMP, 32 bits": _file(alpha, "BMP"),
    }


def others():
    """{name: bytes} of images that an export refuses, and bombs."""
    color = _color()
    return {
        "WebP": _file(color, "WEBP"),
        "TIFF": _file(color, "TIFF"),
        "PPM": _file(color, "PPM"),
        "BMP with a palette": _file(color.convert("P"), "BMP"),
        "bomb: PNG": _png_bomb(),
        "bomb: JPEG": _jpeg_bomb(_file(color, "JPEG")),
        "bomb: GIF": _gif_bomb(_file(color.convert("P"), "GIF")),
        "bomb: BMP": _claims(_file(color, "BMP"), 18, "<ii"),
    }


def _color():
    noise = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(SIZE)


def _file(image, kind, **settings):
    file = io.BytesIO()
    image.save(file, kind, **settings)
    return file.getvalue()


def _exif(orientation, endian="<"):
    exif = Image.Exif()
    exif.endian = endian
    exif[0x010F] = "maker"
    exif[0x0112] = orientation
    return exif


def _gamma():
    chunks = PngImagePlugin.PngInfo()
    chunks.add(b"gAMA", struct.pack(">I", 100_000))
    return chunks


def _png(width, height, bits, kind, pixels):
    def chunk(name, content):
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


def _deep_color(color):
    rows = np.asarray(color).astype(">u2") * 257
    pixels = b"".join(b"\0" + row.astype(">u2").tobytes() for row in rows)
    return _png(*color.size, 16, 2, pixels)


def _png_bomb():
    return _png(BOMB, BOMB, 8, 2, bytes(10**6))


def _jpeg_bomb(content):
    return _claims(content, content.index(b"\xff\xc0") + 5, ">HH")  # of the frame


def _gif_bomb(content):
    screen = _claims(content, 6, "<HH")
    return _claims(screen, screen.index(b",\0\0\0\0") + 5, "<HH")  # of the first frame


def _claims(content, place, layout):
    """A file with other sides at a place of its header."""
    sides = struct.pack(layout, BOMB, BOMB)
    return content[:place] + sides + content[place + len(sides) :]
