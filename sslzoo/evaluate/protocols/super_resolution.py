"""Super-resolution: similarity of enlarged pictures to their originals."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeInt

from sslzoo.checks import refused, whole
from sslzoo.data import Dataset, Pictures
from sslzoo.evaluate.figures import Record
from sslzoo.evaluate.image_quality import WINDOW, luminance, psnr, ssim
from sslzoo.evaluate.splits import needs
from sslzoo.progress import progress

HEADLINES = [
    ("psnr", "dB", "PSNR, {test_name}, x{scale}"),
    ("ssim", "", "SSIM, {test_name}, x{scale}"),
]
DATA = "pictures"


def super_resolution(
    model: Any,
    test: Pictures | Sequence,
    shave: NonNegativeInt | None = None,
    dry_run: bool = False,
) -> dict:
    """PSNR and SSIM on the Y channel, averaged over pictures, beside bicubic enlargement.

    Each picture loses the rows and columns at its lower and right end that are no multiple of the
    scale, is shrunk by Pillow's bicubic (antialiased, 8 bits), enlarged by the model and rounded to
    8 bits. Y as in `image_quality.luminance`, with `shave` pixels off each border, of gray pictures
    too (BasicSR does the same; MATLAB codes compare a gray file on its own values, whose larger
    swing costs 1.3 dB). Pillow's bicubic differs from MATLAB's: figures of papers are tenths of a
    dB away.

    Args:
        model: has `.upscale(images)`, uint8 (1, H, W, 3) -> uint8 (1, scale H, scale W, 3), and
            `.scale`.
        test: `sslzoo.data.Pictures`, a `Dataset` of images, or a sequence of arrays such as
            `Pictures` takes.
        shave: pixels; None: the scale.
        dry_run: Check the arguments, measure nothing, and return {}.

    Returns:
        {"protocol", "psnr" (dB), "ssim", "per_picture", "settings", "baselines": {"bicubic_psnr",
        "bicubic_ssim"}, "seconds" (of the model alone)}, plain JSON.

    Raises:
        ValueError: a model that does not enlarge, data that are no pictures, no picture, one of two
            or four channels, or one too small for SSIM, by its name.

    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> black = SimpleNamespace(scale=2, upscale=lambda x: x.repeat(2, axis=1).repeat(2, axis=2))
    >>> super_resolution(black, [np.zeros((16, 16, 3), "uint8")])["ssim"]
    1.0
    """
    needs(model, "super_resolution", "upscale", "scale")
    scale = model.scale
    shave = scale if shave is None else whole("shave", shave, 0)
    test = _pictures(test)
    _check_sizes(test, scale, shave)
    if dry_run:
        return {}
    rows, seconds = {}, 0.0
    pictures = progress(test, "super-resolution", len(test), least=0)
    for picture, name in zip(pictures, test.names, strict=True):
        high, low = degrade(picture, scale)
        start = time.perf_counter()
        image = model.upscale(low[None])[0]
        seconds += time.perf_counter() - start
        bicubic = compare(enlarge(low, scale), high, shave)
        rows[name] = compare(image, high, shave)
        rows[name] |= {f"bicubic_{key}": value for key, value in bicubic.items()}
    keys = next(iter(rows.values()))
    mean = {key: float(np.mean([row[key] for row in rows.values()])) for key in keys}
    return Record(
        protocol="super_resolution",
        psnr=mean["psnr"],
        ssim=mean["ssim"],
        per_picture=rows,
        settings={
            "test_name": test.name,
            "test_split": test.split,
            "n_test": len(test),
            "scale": scale,
            "shave": int(shave),
            "channel": "Y of BT.601, studio swing, not rounded",
            "downscaling": "Pillow bicubic",
        },
        baselines={key: mean[key] for key in ("bicubic_psnr", "bicubic_ssim")},
        seconds=round(seconds, 3),
    )


def degrade(picture: NDArray[np.uint8], scale: int) -> tuple[NDArray, NDArray]:
    """(high, low): the picture cut to multiples of the scale, and shrunk by Pillow's bicubic; uint8
    (H, W, 3).

    >>> [part.shape for part in degrade(np.zeros((9, 8, 3), "uint8"), 4)]
    [(8, 8, 3), (2, 2, 3)]
    """
    height, width = (side // scale * scale for side in picture.shape[:2])
    high = picture[:height, :width]
    return high, _resized(high, height // scale, width // scale)


def enlarge(low: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """Pillow's bicubic enlargement of (H, W, 3): the baseline.

    >>> enlarge(np.zeros((2, 3, 3), "uint8"), 4).shape
    (8, 12, 3)
    """
    return _resized(low, *(scale * side for side in low.shape[:2]))


def compare(image: NDArray[np.uint8], high: NDArray[np.uint8], shave: int) -> dict[str, float]:
    """{"psnr", "ssim"} of an image (H, W, 3) and its original, on Y.

    >>> compare(np.ones((16, 16, 3), "uint8"), np.zeros((16, 16, 3), "uint8"), 2)["ssim"] < 1
    True
    """
    inside = slice(shave, -shave or None), slice(shave, -shave or None)
    y, original = (luminance(pixels)[inside] for pixels in (image, high))
    return {"psnr": psnr(y, original), "ssim": ssim(y, original)}


def _pictures(test):
    if isinstance(test, Pictures):
        return test
    if isinstance(test, Dataset):
        if test.field != "images":
            raise refused("test", test.field, "hold pictures, which super_resolution enlarges")
        return Pictures(test.images, name=test.name, split=test.split)
    return Pictures(test)


def _check_sizes(pictures, scale, shave):
    least = -(-(WINDOW + 2 * shave) // scale) * scale
    for picture, name in zip(pictures, pictures.names, strict=True):
        if min(picture.shape[:2]) < least:
            height, width = picture.shape[:2]
            got, needed = f"{height}x{width} px", f"have at least {least} on both sides"
            raise refused(f"picture {name}", got, f"{needed} for super_resolution")


def _resized(pixels, height, width):
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))
