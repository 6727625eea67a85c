"""`Augment` and `Views`: random views of a batch, every image with its own draws."""

from numbers import Integral

import keras
from keras import ops

from sslzoo.augment.colour import colour_jitter, solarise
from sslzoo.augment.geometry import blur_radius, crop_resize, gaussian_blur
from sslzoo.augment.presets import resolve_preset
from sslzoo.augment.seeds import ReplicaSeeds

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
    "solarise",
)


class _RandomViews(keras.layers.Layer):
    """`views` random views of each image in one pass over the batch."""

    views = None

    def __init__(self, preset="simclr_cifar", image_size=32, seed=0, **kwargs):
        # Crop boxes, colour matrices and means need float32, whatever the policy.
        super().__init__(**kwargs | {"dtype": "float32"})
        if not isinstance(image_size, Integral) or image_size < 1:
            raise ValueError(f"image_size is {image_size!r}; it must be a positive integer.")
        self.fields = resolve_preset(preset)
        self.preset = preset
        self.image_size = int(image_size)
        self.seed = seed
        self.seed_generator = ReplicaSeeds(seed)
        self.built = True

    def get_config(self):
        preset = self.preset
        if isinstance(preset, dict):
            preset = {
                key: list(value) if isinstance(value, (tuple, list)) else value
                for key, value in preset.items()
            }
        return super().get_config() | {
            "preset": preset,
            "image_size": self.image_size,
            "seed": self.seed,
        }

    def _draw_views(self, images):
        """(N, H, W, C) -> float32 (views * N, size, size, C); view 1 of all images first."""
        if len(images.shape) != 4 or images.shape[-1] not in (1, 3):
            raise ValueError(
                f"images have shape {tuple(images.shape)}; (N, H, W, 3) or (N, H, W, 1) is needed."
            )
        integers = "int" in keras.backend.standardize_dtype(images.dtype)
        draw = _Draw(self.fields, self.views, ops.shape(images)[0], self.seed_generator)
        images = ops.concatenate([images] * self.views, axis=0) if self.views > 1 else images
        images = ops.cast(images, "float32")
        if integers:
            images = images * (1.0 / 255.0)
        images = self._resize(images, draw)
        if images.shape[-1] == 3 and (draw.may("jitter") or draw.may("grayscale")):
            images = colour_jitter(images, *draw.colours())
        if draw.may("blur") and blur_radius(self.image_size) > 0:
            images = gaussian_blur(images, draw.sigma())
        if draw.may("solarise"):
            images = solarise(images, ops.where(draw.happens("solarise"), 0.5, 2.0))
        return ops.clip(images, 0.0, 1.0)

    def _resize(self, images, draw):
        _, height, width, _ = ops.shape(images)
        flip = draw.happens("flip") if draw.may("flip") else None
        whole = tuple(self.fields["crop_area"]) == (1.0, 1.0)
        if (
            whole
            and flip is None
            and tuple(images.shape[1:3]) == (self.image_size, self.image_size)
        ):
            return images
        return crop_resize(images, *draw.box(height, width), self.image_size, flip)


class _Draw:
    """The random numbers of one call, and what they mean: each method gives float or bool (views *
    N,).
    """

    def __init__(self, fields, views, count, seed):
        self.fields = fields
        self.views = views
        uniform = keras.random.uniform((len(_DRAWS), views, count), dtype="float32", seed=seed)
        self.uniform = dict(zip(_DRAWS, (uniform[i] for i in range(len(_DRAWS))), strict=True))

    def _probabilities(self, field):
        value = self.fields[field]
        return (value if isinstance(value, tuple) else (value, value))[: self.views]

    def may(self, field):
        return any(p > 0 for p in self._probabilities(field))

    def happens(self, field):
        probability = ops.convert_to_tensor(self._probabilities(field), dtype="float32")
        return ops.reshape(self.uniform[field] < probability[:, None], (-1,))

    def _between(self, name, low, high):
        return low + (high - low) * ops.reshape(self.uniform[name], (-1,))

    def box(self, height, width):
        """The crop (y, x, height, width) in pixels, as real numbers.

        Area uniform in `crop_area`; log ratio uniform in the part of `crop_ratio` with which that
        area fits into the image, so that no draw is rejected and the area keeps its distribution;
        place uniform.
        """
        height, width = ops.cast(height, "float32"), ops.cast(width, "float32")
        area = self._between("area", *self.fields["crop_area"])
        if tuple(self.fields["crop_area"]) == (1.0, 1.0):
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

    def colours(self):
        """Brightness, contrast, saturation, hue: neutral where an image is left alone, saturation 0
        for grayscale.
        """
        jitter = self.happens("jitter")
        factors = []
        for name in ("brightness", "contrast", "saturation"):
            strength = self.fields[name]
            factors.append(
                ops.where(
                    jitter, self._between(name, max(0.0, 1.0 - strength), 1.0 + strength), 1.0
                )
            )
        brightness, contrast, saturation = factors
        hue = ops.where(jitter, self._between("hue", -self.fields["hue"], self.fields["hue"]), 0.0)
        return brightness, contrast, ops.where(self.happens("grayscale"), 0.0, saturation), hue

    def sigma(self):
        return ops.where(
            self.happens("blur"), self._between("sigma", *self.fields["blur_sigma"]), 0.0
        )


@keras.saving.register_keras_serializable(package="sslzoo")
class Augment(_RandomViews):
    """One random view of each image.

    Crop and flip, then colour (jitter and grayscale in one step), blur, solarisation, with the
    fields of a preset. There is no inference mode: it is random whenever it is called.

    Args:
        preset: a name in `PRESETS`, or a dict `{"preset": name, field: value, ...}`; see
            `resolve_preset`. Of a pair of probabilities, the first is taken.
        image_size: side of the square view, in pixels.
        seed: integer, or None for a random one.

    Call:
        images: integers in 0..255 or floats in [0, 1], (N, H, W, 3), or (N, H, W, 1), where colour
            jitter is skipped.

    Returns:
        float32 (N, image_size, image_size, C) in [0, 1], under mixed precision too.
    """

    views = 1

    def call(self, images):
        return self._draw_views(images)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.image_size, self.image_size, input_shape[-1])


@keras.saving.register_keras_serializable(package="sslzoo")
class Views(_RandomViews):
    """Two random views of each image, made in one pass; arguments and input as `Augment`.

    Returns:
        (view1, view2), each float32 (N, image_size, image_size, C) in [0, 1].
    """

    views = 2

    def call(self, images):
        return tuple(ops.split(self._draw_views(images), 2, axis=0))

    def compute_output_shape(self, input_shape):
        shape = (input_shape[0], self.image_size, self.image_size, input_shape[-1])
        return shape, shape
