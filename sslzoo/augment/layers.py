"""`Augment`, `Views` and `Crops` make random views of a batch. Each image has its own random
parameters.
"""

from typing import Any

import keras
from keras import ops

from sslzoo.augment.color import color_jitter, solarize
from sslzoo.augment.geometry import blur_radius, crop_resize, gaussian_blur
from sslzoo.augment.presets import resolve_preset
from sslzoo.augment.seeds import ReplicaSeeds
from sslzoo.checks import refused, whole
from sslzoo.inputs import unit_range

# One uniform number per image and purpose, all drawn at once.
_DRAWS = (
    "area",
    "ratio",
    "top",
    "left",
    "flip",
    "jitter",
    "brightness",
    "contrast",
    "saturation",
    "hue",
    "grayscale",
    "blur",
    "sigma",
    "solarize",
)
WHOLE = (1.0, 1.0)  # the crop area of a plain resize


class _RandomViews(keras.layers.Layer):
    """`views` random views of each image in one pass over the batch."""

    views = None

    def __init__(
        self,
        preset: Any = "simclr_cifar",
        image_size: int = 32,
        seed: int | None = 0,
        **kwargs: Any,
    ) -> None:
        # Crop boxes, color matrices and means need float32, whatever the policy.
        super().__init__(**kwargs | {"dtype": "float32"})
        self.image_size = whole("image_size", image_size, least=1)
        self.fields = resolve_preset(preset)
        self.preset = preset
        self.seed = seed
        self.seed_generator = ReplicaSeeds(seed)
        self.built = True

    def get_config(self) -> dict:
        preset = self.preset
        if isinstance(preset, dict):
            preset = {key: _plain(value) for key, value in preset.items()}
        return super().get_config() | {
            "preset": preset,
            "image_size": self.image_size,
            "seed": self.seed,
        }

    def _draw_views(self, images: Any) -> Any:
        """(N, H, W, C) -> float32 (views * N, size, size, C); view 1 of all images first."""
        if len(images.shape) != 4 or images.shape[-1] not in (1, 3):
            needed = "be (N, H, W, 3) or (N, H, W, 1)"
            raise refused("images", f"shape {tuple(images.shape)}", needed)
        draw = _Draw(self.fields, self.views, ops.shape(images)[0], self.seed_generator)
        if self.views > 1:
            images = ops.concatenate([images] * self.views, axis=0)
        images = self._resize(unit_range(images), draw)
        if images.shape[-1] == 3 and (draw.may("jitter") or draw.may("grayscale")):
            images = color_jitter(images, *draw.colors())
        if draw.may("blur") and blur_radius(self.image_size) > 0:
            images = gaussian_blur(images, draw.sigma())
        if draw.may("solarize"):
            images = solarize(images, ops.where(draw.happens("solarize"), 0.5, 2.0))
        return ops.clip(images, 0.0, 1.0)

    def _resize(self, images: Any, draw: "_Draw") -> Any:
        _, height, width, _ = ops.shape(images)
        flip = draw.happens("flip") if draw.may("flip") else None
        has_its_size = tuple(images.shape[1:3]) == (self.image_size, self.image_size)
        if has_its_size and flip is None and tuple(self.fields["crop_area"]) == WHOLE:
            return images
        return crop_resize(images, *draw.box(height, width), self.image_size, flip)


def _plain(value: Any) -> Any:
    """A field as JSON has it: tuples as lists."""
    return list(value) if isinstance(value, tuple) else value


class _Draw:
    """The random numbers of one call, and what they mean: each method gives float or bool (views *
    N,).
    """

    def __init__(self, fields: dict, views: int, count: Any, seed: Any) -> None:
        self.fields = fields
        self.views = views
        uniform = keras.random.uniform((len(_DRAWS), views, count), dtype="float32", seed=seed)
        self.uniform = {name: uniform[index] for index, name in enumerate(_DRAWS)}  # (views, N)

    def _probabilities(self, field: str) -> tuple:
        """One for each view. More views than two take those of a pair in turn."""
        value = self.fields[field]
        pair = value if isinstance(value, tuple) else (value, value)
        return tuple(pair[view % 2] for view in range(self.views))

    def may(self, field: str) -> bool:
        return any(p > 0 for p in self._probabilities(field))

    def happens(self, field: str) -> Any:
        probability = ops.convert_to_tensor(self._probabilities(field), dtype="float32")
        return ops.reshape(self.uniform[field] < probability[:, None], (-1,))

    def _between(self, name: str, low: Any, high: Any) -> Any:
        return low + (high - low) * ops.reshape(self.uniform[name], (-1,))

    def box(self, height: Any, width: Any) -> tuple:
        """The crop (y, x, height, width) in pixels, as real numbers.

        The area is uniform in `crop_area`. The log ratio is uniform in the part of `crop_ratio`
        with which that area fits into the image, so that no draw is rejected and the area keeps its
        distribution. The place is uniform.
        """
        height, width = ops.cast(height, "float32"), ops.cast(width, "float32")
        area = self._between("area", *self.fields["crop_area"])
        if tuple(self.fields["crop_area"]) == WHOLE:
            zero = ops.zeros_like(area)
            return zero, zero, zero + height, zero + width
        low, high = self.fields["crop_ratio"]
        # In a very long image the largest box of an allowed ratio is smaller than the image.
        area = ops.minimum(area, ops.minimum(high * height / width, width / (low * height)))
        low = ops.log(ops.maximum(low, area * width / height))
        high = ops.log(ops.minimum(high, width / (area * height)))
        ratio = ops.exp(self._between("ratio", low, high))
        box_height = ops.minimum(ops.sqrt(area * height * width / ratio), height)
        box_width = ops.minimum(ops.sqrt(area * height * width * ratio), width)
        y = self._between("top", 0.0, height - box_height)
        x = self._between("left", 0.0, width - box_width)
        return y, x, box_height, box_width

    def colors(self) -> tuple:
        """Brightness, contrast, saturation, hue: neutral where an image is left alone, saturation 0
        for grayscale.
        """
        jitter = self.happens("jitter")
        strength = self.fields["hue"]
        hue = ops.where(jitter, self._between("hue", -strength, strength), 0.0)
        saturation = self._factor("saturation", jitter)
        saturation = ops.where(self.happens("grayscale"), 0.0, saturation)
        brightness, contrast = self._factor("brightness", jitter), self._factor("contrast", jitter)
        return brightness, contrast, saturation, hue

    def _factor(self, name: str, jitter: Any) -> Any:
        """Uniform in [max(0, 1 - strength), 1 + strength]; 1 where there is no jitter."""
        strength = self.fields[name]
        drawn = self._between(name, max(0.0, 1.0 - strength), 1.0 + strength)
        return ops.where(jitter, drawn, 1.0)

    def sigma(self) -> Any:
        drawn = self._between("sigma", *self.fields["blur_sigma"])
        return ops.where(self.happens("blur"), drawn, 0.0)


@keras.saving.register_keras_serializable(package="sslzoo")
class Augment(_RandomViews):
    """One random view of each image.

    The order is crop and flip, color jitter and grayscale, blur, and solarization. A preset sets
    the parameters. There is no inference mode: every call is random.

    Args:
        preset: A name from `PRESETS`, or a dict `{"preset": name, field: value, ...}`. See
            `resolve_preset`. From a pair of probabilities, the first one is used.
        image_size: Side of the square view in pixels.
        seed: An integer, or None for a random seed.

    Call:
        images: integers in 0..255 or floats in [0, 1], (N, H, W, 3), or (N, H, W, 1), where color
            jitter is skipped.

    Returns:
        float32 (N, image_size, image_size, C) in [0, 1], under mixed precision too.

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment
        >>> view = augment.Augment("simclr", image_size=16)(np.zeros((2, 32, 32, 3), "uint8"))
        >>> tuple(view.shape)
        (2, 16, 16, 3)
    """

    views = 1

    def call(self, images: Any) -> Any:
        return self._draw_views(images)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], self.image_size, self.image_size, input_shape[-1])


@keras.saving.register_keras_serializable(package="sslzoo")
class Views(_RandomViews):
    """Two random views of each image, made in one pass. Arguments and input are those of `Augment`.

    Returns:
        (view1, view2), each float32 (N, image_size, image_size, C) in [0, 1].

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment
        >>> view1, view2 = augment.Views("byol", image_size=16)(np.zeros((2, 32, 32, 3), "uint8"))
        >>> tuple(view1.shape) == tuple(view2.shape)
        True
    """

    views = 2

    def call(self, images: Any) -> tuple:
        view1, view2 = ops.split(self._draw_views(images), 2, axis=0)
        return view1, view2

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        shape = (input_shape[0], self.image_size, self.image_size, input_shape[-1])
        return shape, shape


@keras.saving.register_keras_serializable(package="sslzoo")
class Crops(_RandomViews):
    """Several random views of each image, made in one pass. Arguments and input are those of
    `Augment`.

    Args:
        views: The number of views. From a pair of probabilities they use the two in turn.

    Returns:
        float32 (N, views, image_size, image_size, C) in [0, 1].

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment
        >>> crops = augment.Crops(4, "simclr", image_size=16)(np.zeros((2, 32, 32, 3), "uint8"))
        >>> tuple(crops.shape)
        (2, 4, 16, 16, 3)
    """

    def __init__(self, views: int, preset: Any = "simclr_cifar", **kwargs: Any) -> None:
        super().__init__(preset, **kwargs)
        self.views = whole("views", views, least=1)

    def get_config(self) -> dict:
        return super().get_config() | {"views": self.views}

    def call(self, images: Any) -> Any:
        views = ops.split(self._draw_views(images), self.views, axis=0)
        return ops.stack(views, axis=1)  # (N, views, size, size, C)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        size = self.image_size
        return (input_shape[0], self.views, size, size, input_shape[-1])
