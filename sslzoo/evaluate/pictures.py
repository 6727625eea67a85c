"""A picture enlarged in several ways, side by side."""

from typing import Any

import numpy as np

from sslzoo.data import Pictures
from sslzoo.evaluate.protocols.super_resolution import compare, degrade, enlarge


def plot_super_resolution(
    picture: Any, models: dict[str, Any], crop: tuple[int, int, int, int] | None = None
) -> Any:
    """The small image, its bicubic enlargement, each model's, the original; PSNR on Y under each.

    Args:
        picture: the original, uint8 (H, W, 3) or gray.
        models: {name: model}, of one scale, as `sslzoo.evaluate.super_resolution` takes them.
        crop: (top, left, height, width) of the part of the original to show; None: all of it. PSNR
            is of the whole.

    Returns:
        A figure of matplotlib.

    >>> from types import SimpleNamespace
    >>> model = SimpleNamespace(scale=2, upscale=lambda x: x.repeat(2, axis=1).repeat(2, axis=2))
    >>> figure = plot_super_resolution(np.zeros((32, 32), "uint8"), {"nearest": model})
    >>> [axes.get_title() for axes in figure.axes]
    ['low resolution', 'bicubic', 'nearest', 'original']
    """
    import matplotlib.pyplot as plt

    (picture,) = Pictures([picture])
    (scale,) = {model.scale for model in models.values()}
    high, low = degrade(picture, scale)
    images = {"bicubic": enlarge(low, scale)}
    images |= {name: model.upscale(low[None])[0] for name, model in models.items()}
    psnrs = {name: compare(image, high, scale)["psnr"] for name, image in images.items()}
    nearest = np.repeat(np.repeat(low, scale, axis=0), scale, axis=1)
    panels = [
        ("low resolution", nearest, _size(low)),
        *((name, image, f"{psnrs[name]:.2f} dB") for name, image in images.items()),
        ("original", high, _size(high)),
    ]
    rows, columns = _part(high, crop)
    inches = (3 * len(panels), 3 * (rows.stop - rows.start) / (columns.stop - columns.start) + 0.6)
    figure, axes = plt.subplots(1, len(panels), figsize=inches)
    for ax, (name, image, note) in zip(axes, panels, strict=True):
        ax.imshow(image[rows, columns])
        ax.set(xticks=[], yticks=[], title=name, xlabel=note)
    figure.tight_layout()
    return figure


def _part(image, crop):
    """(rows, columns) of the crop (top, left, height, width), by default of the whole image."""
    crop = crop or (0, 0, *image.shape[:2])
    ends = (crop[0] + crop[2], crop[1] + crop[3])
    return slice(crop[0], ends[0]), slice(crop[1], ends[1])


def _size(image):
    return f"{image.shape[1]} x {image.shape[0]} px"
