"""Restoration: similarity of restored images to their originals."""

import time
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import NonNegativeInt, PositiveInt

from sslzoo.checks import refused, whole
from sslzoo.data import Dataset
from sslzoo.evaluate.figures import Record
from sslzoo.evaluate.image_quality import PEAK, WINDOW, decibels, ssim
from sslzoo.evaluate.record import describe
from sslzoo.evaluate.splits import items_of, needs

HEADLINES = [
    ("psnr", "dB", "PSNR of what was lost, {test_name}"),
    ("ssim", "", "SSIM, {test_name}"),
]


def restoration(
    model: Any,
    test: Dataset | ArrayLike,
    seed: NonNegativeInt = 0,
    batch_size: PositiveInt = 256,
    dry_run: bool = False,
) -> dict:
    """PSNR and SSIM of images that a model restored, beside fillers that learned nothing.

    The model says what is lost (`damage`): a region, patches, the color, or under noise everything.
    What was not lost stays as it is. PSNR is of the mean squared error of all lost values, in
    0..255. SSIM is of whole images, the mean over channels and images. Values are not rounded.

    Args:
        model: has `damage(images, rng)`, which gives a `sslzoo.augment.Damaged`, and
            `reconstruct(images, batch_size=)`, float32 images in 0..1.
        test: images; labels are not used.
        seed: Random seed of the damage. NumPy draws, so that it is the same on any backend.
        batch_size: Images to process at once.
        dry_run: Check the arguments, measure nothing, and return {}.

    Returns:
        {"protocol", "psnr" (dB), "ssim", "settings", "baselines": {"<filler>_psnr",
        "<filler>_ssim"}, "seconds" (of the model alone)}, plain JSON.

    Raises:
        ValueError: a model that does not restore, data without images, or images too small for
            SSIM.

    >>> import sslzoo
    >>> model = sslzoo.build("denoising_autoencoder", "micro", 16)
    >>> record = restoration(model, np.zeros((2, 16, 16, 3), "uint8"))
    >>> sorted(record["baselines"])
    ['noisy_psnr', 'noisy_ssim']
    """
    needs(model, "restoration", "reconstruct", "damage")
    settings = {"seed": whole("seed", seed, 0)}
    whole("batch_size", batch_size, 1)
    test = test if isinstance(test, Dataset) else Dataset(images=np.asarray(test))
    _, images = items_of(model, test, "test")
    height, width = model.reads.shape[:2]
    if min(height, width) < WINDOW:
        needed = f"read images of at least {WINDOW}x{WINDOW} for SSIM"
        raise refused("model", f"one of {height}x{width} px", needed)
    if dry_run:
        return {}
    rng, seconds = np.random.default_rng(seed), 0.0
    errors, similarities = Counter(), Counter()
    lost = pixels = 0
    for start in range(0, len(images), batch_size):
        damaged = model.damage(np.asarray(images[start : start + batch_size]), rng)
        begun = time.perf_counter()
        restored = model.reconstruct(damaged.given, batch_size=batch_size)
        seconds += time.perf_counter() - begun
        for name, way in ({"": restored} | damaged.fillers).items():
            image = PEAK * complete(damaged, way)
            original = PEAK * damaged.original
            errors[name] += float(np.sum((image - original) ** 2, dtype="float64"))
            similarities[name] += sum(map(ssim, _channels(image), _channels(original)))
        lost += int(damaged.hidden.sum())
        pixels += damaged.hidden.size
    values = lost * damaged.original.shape[-1]
    figures = {}
    for name in errors:
        start = f"{name}_" if name else ""
        figures[f"{start}psnr"] = decibels(errors[name] / values)
        figures[f"{start}ssim"] = similarities[name] / len(images)
    return Record(
        protocol="restoration",
        psnr=figures.pop("psnr"),
        ssim=figures.pop("ssim"),
        settings={**describe(model, "pixels", test=test), **settings, "lost": lost / pixels},
        baselines=figures,
        seconds=round(seconds, 3),
    )


def complete(damaged: Any, images: NDArray) -> NDArray[np.float32]:
    """Images where something was lost, and the originals elsewhere: float32 (N, H, W, C).

    >>> from sslzoo.augment import Damaged
    >>> white = np.ones((1, 1, 2, 1), "float32")
    >>> hidden = np.array([True, False]).reshape(1, 1, 2, 1)
    >>> complete(Damaged(white, white, hidden, {}), 0 * white).ravel().tolist()
    [0.0, 1.0]
    """
    return np.where(damaged.hidden, images, damaged.original)


def _channels(images):
    """(N, H, W, C) -> (N, C, H, W)."""
    return np.moveaxis(images, -1, 1)
