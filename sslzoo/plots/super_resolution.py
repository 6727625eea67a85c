"""A picture enlarged in several ways, side by side."""

import numpy as np

from sslzoo.data.pictures import Pictures
from sslzoo.evaluate.super_resolution import compare, degrade, enlarge


def plot_super_resolution(picture, models, crop=None):
    """A figure of matplotlib: the small image, its bicubic enlargement, each model's, the original;
    PSNR on Y under each.

    Args:
        picture: the original, uint8 (H, W, 3) or grey.
        models: {name: model}, of one scale, as `super_resolution` takes them.
        crop: (top, left, height, width) of the part of the original to show; by default all of it.
        PSNR is of the whole.
    """
    import matplotlib.pyplot as plt

    (picture,) = Pictures([picture])
    (scale,) = {model.scale for model in models.values()}
    high, low = degrade(picture, scale)
    images = {"bicubic": enlarge(low, scale)} | {
        name: model.upscale(low[None])[0] for name, model in models.items()
    }
    top, left, height, width = crop or (0, 0, *high.shape[:2])
    nearest = np.repeat(np.repeat(low, scale, axis=0), scale, axis=1)
    figure, axes = plt.subplots(
        1, len(images) + 2, figsize=(3 * (len(images) + 2), 3 * height / width + 0.6)
    )
    notes = {"low resolution": _size(low)} | {
        name: f"{compare(image, high, scale)['psnr']:.2f} dB" for name, image in images.items()
    }
    notes |= {"original": _size(high)}
    for ax, (name, note), image in zip(
        axes, notes.items(), [nearest, *images.values(), high], strict=True
    ):
        ax.imshow(image[top : top + height, left : left + width])
        ax.set(xticks=[], yticks=[], title=name, xlabel=note)
    figure.tight_layout()
    return figure


def _size(image):
    return f"{image.shape[1]} x {image.shape[0]} px"
