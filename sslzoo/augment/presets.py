"""Augmentation presets and their checks, in plain Python. Configs are validated without Keras."""

from numbers import Real
from typing import Any

from sslzoo.checks import one_of, refused

# Fields in which the two views may differ: a number, or a pair (view 1, view 2).
PER_VIEW = ("flip", "jitter", "grayscale", "blur", "solarize")
RANGES = ("crop_area", "crop_ratio", "blur_sigma")

# Whole image, resized: nothing random.
_NONE = {
    # share of the image's area; (1, 1) is a plain resize of the whole image
    "crop_area": (1.0, 1.0),
    # width / height of the crop, in pixels of the source, uniform in its logarithm
    "crop_ratio": (3 / 4, 4 / 3),
    "flip": 0.0,  # probability of a left-right flip
    "jitter": 0.0,  # probability of color jitter, with the four strengths below
    # factor drawn from [max(0, 1 - b), 1 + b]; the same for contrast and saturation
    "brightness": 0.0,
    "contrast": 0.0,
    "saturation": 0.0,
    "hue": 0.0,  # shift drawn from [-hue, hue], in turns of the color circle
    "grayscale": 0.0,  # probability
    "blur": 0.0,  # probability
    "blur_sigma": (0.1, 2.0),  # pixels of the view
    "solarize": 0.0,  # probability
}

# Chen et al. 2020, arXiv:2002.05709, appendix A; google-research/simclr tf2/data_util.py (jitter
# strength 1). Their crop is resized bicubically, here bilinearly.
_SIMCLR = _NONE | {
    "crop_area": (0.08, 1.0),
    "flip": 0.5,
    "jitter": 0.8,
    "brightness": 0.8,
    "contrast": 0.8,
    "saturation": 0.8,
    "hue": 0.2,
    "grayscale": 0.2,
    "blur": 0.5,
}

# The same, section B.9 (CIFAR-10): jitter strength 0.5 and no blur.
_SIMCLR_CIFAR = _SIMCLR | {
    "brightness": 0.4,
    "contrast": 0.4,
    "saturation": 0.4,
    "hue": 0.1,
    "blur": 0.0,
}

# Grill et al. 2020, arXiv:2006.07733, table 6 (T and T'); deepmind-research
# byol/utils/augmentations.py, which adds its brightness where SimCLR and this code multiply.
_BYOL = _SIMCLR | {
    "brightness": 0.4,
    "contrast": 0.4,
    "saturation": 0.2,
    "hue": 0.1,
    "blur": (1.0, 0.1),
    "solarize": (0.0, 0.2),
}

# Chen et al. 2020, arXiv:2003.04297; facebookresearch/moco main_moco.py, --aug-plus.
_MOCO_V2 = _SIMCLR | {
    "crop_area": (0.2, 1.0),
    "brightness": 0.4,
    "contrast": 0.4,
    "saturation": 0.4,
    "hue": 0.1,
}

# He et al. 2020, arXiv:1911.05722; facebookresearch/moco main_moco.py without --aug-plus, and
# zhirongw/lemniscate.pytorch main.py: color jitter of every image. They make an image gray before
# its jitter, here after it.
_MOCO_V1 = _MOCO_V2 | {"jitter": 1.0, "hue": 0.4, "blur": 0.0}

# Khosla et al. 2020, arXiv:2004.11362; HobbitLong/SupContrast main_supcon.py.
_SUP_CON = _MOCO_V2 | {"blur": 0.0}

# Caron et al. 2021, arXiv:2104.14294; facebookresearch/dino main_dino.py, the two large crops.
_DINO = _BYOL | {"crop_area": (0.4, 1.0)}

# Caron et al. 2018, arXiv:1807.05520; facebookresearch/deepcluster, clustering.py.
_DEEPCLUSTER = _NONE | {"crop_area": (0.08, 1.0), "flip": 0.5}

# Caron et al. 2020, arXiv:2006.09882, the two large crops; facebookresearch/swav,
# src/multicropdataset.py.
_SWAV = _SIMCLR | {"crop_area": (0.14, 1.0)}

# SimCLR's geometry and blur without color: for images that have no color, or whose color is the
# signal.
_GREY = _NONE | {"crop_area": (0.08, 1.0), "flip": 0.5, "blur": 0.5}

# This project's choice for 8 x 8 and 28 x 28 digits, made on held-out training digits: a mirrored
# digit is another sign, the place of the crop is the translation, brightness and contrast stand for
# the thickness of the pen.
_DIGITS = _NONE | {"crop_area": (0.3, 1.0), "jitter": 0.8, "brightness": 0.4, "contrast": 0.4}

# The random views of `Augment` and `Views`, for learning from one or two views of an image.
# "digits" is the crop and jitter above here, a pair of views in `WEAK_STRONG`, a set of operations
# in `POOLS`.
PRESETS = {
    "simclr": _SIMCLR,
    "simclr_cifar": _SIMCLR_CIFAR,
    "byol": _BYOL,
    "moco_v1": _MOCO_V1,
    "moco_v2": _MOCO_V2,
    "sup_con": _SUP_CON,
    "dino": _DINO,
    "deepcluster": _DEEPCLUSTER,
    "swav": _SWAV,
    "gray": _GREY,
    "digits": _DIGITS,
    "none": _NONE,
}


def resolve_preset(preset: Any) -> dict:
    """The complete fields of a preset.

    Args:
        preset: A name from `PRESETS`, or a dict. Its "preset" is such a name, and its other fields
            replace those of the preset: `{"preset": "simclr", "blur": 0}`.

    Returns:
        A new dict with every field of `PRESETS["none"]`.

    Raises:
        TypeError: It is neither a name nor a dict.
        ValueError: A name or field is unknown, or a value is out of range.

    Example:
        >>> from sslzoo import augment
        >>> augment.resolve_preset({"preset": "simclr", "blur": 0})["blur"]
        0.0
    """
    if isinstance(preset, str):
        preset = {"preset": preset}
    if not isinstance(preset, dict):
        needed = "be a name, or a dict of 'preset' and the fields to replace"
        raise TypeError(str(refused("preset", preset, needed)))
    name = one_of("preset", preset.get("preset", ""), PRESETS)
    changes = {key: value for key, value in preset.items() if key != "preset"}
    for key in changes:
        one_of("field of a preset", key, _NONE)
    return PRESETS[name] | {key: _checked(key, value) for key, value in changes.items()}


def _checked(key: str, value: Any) -> Any:
    """A field's value as floats. Raises ValueError."""
    if key in RANGES:
        return _range(key, value)
    if key in PER_VIEW:
        return _probabilities(key, value)
    highest = 0.5 if key == "hue" else float("inf")
    if not _is_number(value) or not 0 <= value <= highest:
        raise refused(key, repr(value), f"be a strength in [0, {highest:g}]")
    return float(value)


def _range(key: str, value: Any) -> tuple[float, float]:
    highest = 1.0 if key == "crop_area" else float("inf")
    if not _is_pair(value) or not 0 < value[0] <= value[1] <= highest:
        raise refused(key, repr(value), f"be (low, high), 0 < low <= high <= {highest}")
    return float(value[0]), float(value[1])


def _probabilities(key: str, value: Any) -> float | tuple[float, float]:
    """One for all views, or a pair."""
    parts = value if _is_pair(value) else (value,)
    if not all(_is_number(part) and 0 <= part <= 1 for part in parts):
        raise refused(key, repr(value), "be a probability in [0, 1] or a pair of them")
    return tuple(map(float, parts)) if _is_pair(value) else float(value)


def _is_pair(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2 and all(map(_is_number, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
