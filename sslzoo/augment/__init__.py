"""Per-sample augmentations on the device: batched, seeded, the same code on every backend."""

from sslzoo.augment.colour import colour_jitter, colour_matrix, solarise
from sslzoo.augment.geometry import crop_resize, gaussian_blur
from sslzoo.augment.layers import Augment, Views
from sslzoo.augment.presets import PRESETS, resolve_preset

__all__ = [
    "PRESETS",
    "Augment",
    "Views",
    "colour_jitter",
    "colour_matrix",
    "crop_resize",
    "gaussian_blur",
    "resolve_preset",
    "solarise",
]
