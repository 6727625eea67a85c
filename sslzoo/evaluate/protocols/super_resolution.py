"""Super-resolution: how near do enlarged pictures come to the originals they were shrunk from?"""

import time

import numpy as np
from PIL import Image

from sslzoo.data.pictures import Pictures
from sslzoo.evaluate.image_quality import WINDOW, luminance, psnr, ssim


def super_resolution(model, test, shave=None):
    """PSNR and SSIM on the Y channel, averaged over pictures, beside bicubic enlargement.

    Each picture loses the rows and columns at its lower and right end that are no multiple of the
    scale, is shrunk by Pillow's bicubic (antialiased, 8 bits), enlarged by the model and rounded to
    8 bits. Y as in `image_quality.luminance`, with `shave` pixels off each border, of grey pictures
    too (BasicSR does the same; MATLAB codes compare a grey file on its own values, whose larger
    swing costs 1.3 dB). Pillow's bicubic differs from MATLAB's: figures of papers are tenths of a
    dB away.

    Args:
        model: has `.upscale(images)`, uint8 (1, H, W, 3) -> uint8 (1, scale H, scale W, 3), and
        `.scale`.
        test: `sslzoo.data.Pictures`, or a sequence of arrays such as it takes.
        shave: pixels; by default the scale.

    Returns:
        {"protocol", "psnr" (dB), "ssim", "per_picture", "settings", "baselines": {"bicubic_psnr",
        "bicubic_ssim"}, "seconds" (of the model alone)}, plain JSON.

    Raises:
        ValueError: no picture, one of two or four channels, or one too small for SSIM, by its name.
    """
    test = test if isinstance(test, Pictures) else Pictures(test)
    scale = model.scale
    shave = scale if shave is None else shave
    if shave < 0 or shave != int(shave):
        raise ValueError(f"shave must be a whole number of at least 0, got {shave}")
    least = -(-(WINDOW + 2 * shave) // scale) * scale
    for picture, name in zip(test, test.names, strict=True):
        if min(picture.shape[:2]) < least:
            height, width, _ = picture.shape
            raise ValueError(
                f"picture {name} has {height}x{width} px; super_resolution needs at least "
                f"{least} on both sides"
            )
    rows, seconds = {}, 0.0
    for picture, name in zip(test, test.names, strict=True):
        high, low = degrade(picture, scale)
        start = time.perf_counter()
        image = model.upscale(low[None])[0]
        seconds += time.perf_counter() - start
        bicubic = enlarge(low, scale)
        rows[name] = compare(image, high, shave) | {
            f"bicubic_{key}": v for key, v in compare(bicubic, high, shave).items()
        }
    mean = {
        key: float(np.mean([row[key] for row in rows.values()]))
        for key in next(iter(rows.values()))
    }
    settings = {
        "test_name": test.name,
        "test_split": test.split,
        "n_test": len(test),
        "scale": scale,
        "shave": int(shave),
    }
    settings |= {
        "channel": "Y of BT.601, studio swing, not rounded",
        "downscaling": "Pillow bicubic",
    }
    return {
        "protocol": "super_resolution",
        "psnr": mean["psnr"],
        "ssim": mean["ssim"],
        "per_picture": rows,
        "settings": settings,
        "baselines": {key: mean[key] for key in ("bicubic_psnr", "bicubic_ssim")},
        "seconds": round(seconds, 3),
    }


def degrade(picture, scale):
    """(high, low): the picture cut to multiples of the scale, and shrunk by Pillow's bicubic; uint8
    (H, W, 3).
    """
    height, width = (side // scale * scale for side in picture.shape[:2])
    high = picture[:height, :width]
    return high, _resized(high, height // scale, width // scale)


def enlarge(low, scale):
    """Pillow's bicubic enlargement: the baseline."""
    return _resized(low, *(scale * side for side in low.shape[:2]))


def compare(image, high, shave):
    """{"psnr", "ssim"} of an uint8 image (H, W, 3) and its original, on Y."""
    inside = slice(shave, -shave or None), slice(shave, -shave or None)
    y, original = (luminance(pixels)[inside] for pixels in (image, high))
    return {"psnr": psnr(y, original), "ssim": ssim(y, original)}


def _resized(pixels, height, width):
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))
