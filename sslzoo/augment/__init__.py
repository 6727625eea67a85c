"""Augmentations of batches on the device. Each sample has its own random parameters."""

from sslzoo.augment.color import color_jitter, color_matrix, solarize
from sslzoo.augment.damage import Damaged, Noisy, noisy
from sslzoo.augment.geometry import crop_resize, gaussian_blur
from sslzoo.augment.layers import Augment, Crops, Views
from sslzoo.augment.mixing import MixUpDraws, mix_style, mix_up
from sslzoo.augment.multi_crop import MultiCrop
from sslzoo.augment.patch_order import PatchOrder
from sslzoo.augment.patches import Patches
from sslzoo.augment.presets import PRESETS, resolve_preset
from sslzoo.augment.randaugment import POOLS, RandAugment
from sslzoo.augment.regions import Regions, fill_border, fill_mean
from sslzoo.augment.symmetry import Symmetry, turned
from sslzoo.augment.views import OneView, TwoViews
from sslzoo.augment.weak_strong import WEAK_STRONG, FlipShift, weak_strong
from sslzoo.augment.windows import Windows

__all__ = [
    "POOLS",
    "PRESETS",
    "WEAK_STRONG",
    "Augment",
    "Crops",
    "Damaged",
    "FlipShift",
    "MixUpDraws",
    "MultiCrop",
    "Noisy",
    "OneView",
    "PatchOrder",
    "Patches",
    "RandAugment",
    "Regions",
    "Symmetry",
    "TwoViews",
    "Views",
    "Windows",
    "color_jitter",
    "color_matrix",
    "crop_resize",
    "fill_border",
    "fill_mean",
    "gaussian_blur",
    "mix_style",
    "mix_up",
    "noisy",
    "resolve_preset",
    "solarize",
    "turned",
    "weak_strong",
]
