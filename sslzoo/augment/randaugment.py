"""RandAugment and Cutout for batches. Each image has its own operations and magnitudes."""

from functools import reduce
from typing import Any

import keras
from keras import ops

from sslzoo.augment import affine as geometry
from sslzoo.augment.color import solarize
from sslzoo.augment.operations import equalize, posterize, sharpness, tone
from sslzoo.augment.seeds import ReplicaSeeds
from sslzoo.checks import in_range, one_of, refused, whole

# The operations that FixMatch draws from and the ranges of their magnitudes (Sohn et al. 2020,
# arXiv:2001.07685, the table in the appendix), as in TorchSSL
# (datasets/augmentation/randaugment.py). Brightness, contrast, color and sharpness only ever
# weaken; `solarize` is its threshold, `posterize` the number of bits, rounded down, `rotate`
# degrees, the rest of the geometry a share of the side.
RANGES = {
    "identity": (0.0, 0.0),
    "autocontrast": (0.0, 0.0),
    "brightness": (0.05, 0.95),
    "color": (0.05, 0.95),
    "contrast": (0.05, 0.95),
    "equalize": (0.0, 0.0),
    "posterize": (4.0, 8.0),
    "rotate": (-30.0, 30.0),
    "sharpness": (0.05, 0.95),
    "shear_x": (-0.3, 0.3),
    "shear_y": (-0.3, 0.3),
    "solarize": (0.0, 1.0),
    "translate_x": (-0.3, 0.3),
    "translate_y": (-0.3, 0.3),
}

# What `RandAugment` draws operations from. "digits" is a set of operations here, a crop with jitter
# in `PRESETS`, and in `WEAK_STRONG` two views, of which this pool makes the strong one.
POOLS = {
    "all": tuple(RANGES),  # the fourteen of the paper
    # What leaves a digit that digit and is no mere inversion of black and white.
    "digits": (
        "identity",
        "rotate",
        "shear_x",
        "shear_y",
        "translate_x",
        "translate_y",
        "brightness",
        "contrast",
        "sharpness",
    ),
}


@keras.saving.register_keras_serializable(package="sslzoo")
class RandAugment(keras.layers.Layer):
    """Cubuk et al. 2019, "RandAugment: Practical automated data augmentation", arXiv:1909.13719, as
    FixMatch uses it.

    `count` operations drawn from the pool with replacement, each with a magnitude uniform in its
    range (the RandAugment paper has one magnitude for all images, found by search; FixMatch draws),
    then Cutout: a gray square (0.5; TorchSSL's (125, 123, 114) / 255, without the tint) with a side
    uniform in [0, cutout] of the image's, centered anywhere in it and cut off at its border.

    Color operations run in their drawn order; geometric ones are composed in theirs into one
    nearest sampling that comes after (PIL runs all in order: its autocontrast, contrast and
    equalize may see the black border that a rotation left). There is no inference mode: it is
    random whenever it is called.

    Args:
        pool: A name from `POOLS`, or names from `RANGES`.
        count: Operations for each image. FixMatch has 2. TorchSSL has 3, with its own generator.
        cutout: Largest side of the square, as a fraction of the image's side. FixMatch has 0.5.
            With 0 there is no square.
        seed: An integer.

    Call:
        images: float (N, H, W, 1 or 3) in [0, 1], H and W known.

    Returns:
        float32, the same shape, in [0, 1].

    Raises:
        ValueError: An operation or pool is unknown, `count` is below 1, or `cutout` is outside [0,
            1].

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment
        >>> strong = augment.RandAugment("digits", count=2)
        >>> tuple(strong(np.zeros((2, 8, 8, 1), "float32")).shape)
        (2, 8, 8, 1)
    """

    def __init__(
        self, pool: Any = "all", count: int = 2, cutout: float = 0.5, seed: int = 0, **kwargs: Any
    ) -> None:
        # pixel coordinates need float32, whatever the policy
        super().__init__(**kwargs | {"dtype": "float32"})
        self.names = POOLS[one_of("pool", pool, POOLS)] if isinstance(pool, str) else tuple(pool)
        if not self.names:
            raise refused("pool", pool, "have at least one operation")
        for name in self.names:
            one_of("operation", name, RANGES)
        self.pool = pool
        self.count = whole("count", count, least=1)
        self.cutout = float(in_range("cutout", cutout, 0, 1))
        self.seed = seed
        self.seed_generator = ReplicaSeeds(seed)
        self.built = True

    def call(self, images: Any) -> Any:
        images = ops.cast(images, "float32")
        shape = (2 * self.count + 3, ops.shape(images)[0])
        draws = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)
        steps = [Step(self.names, draws[2 * i], draws[2 * i + 1]) for i in range(self.count)]
        images = transform(images, steps)
        if self.cutout:
            images = cut_out(images, self.cutout * draws[-3], draws[-2], draws[-1])
        return images

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return super().get_config() | {
            "pool": self.pool,
            "count": self.count,
            "cutout": self.cutout,
            "seed": self.seed,
        }


class Step:
    """One operation of each image.

    Args:
        names: Names of the operations to choose from.
        which, magnitude: (N,), uniform in [0, 1): they decide the operation and its magnitude.

    Example:
        >>> import numpy as np
        >>> from sslzoo.augment.randaugment import Step
        >>> which, magnitude = np.array([0.2, 0.7], "float32"), np.zeros(2, "float32")
        >>> step = Step(("identity", "rotate"), which, magnitude)
        >>> np.asarray(step.chosen("rotate")).tolist()
        [False, True]
    """

    def __init__(self, names: tuple[str, ...], which: Any, magnitude: Any) -> None:
        self.names, self.magnitude = names, magnitude
        self.index = ops.floor(which * len(names))

    def has(self, *names: str) -> bool:
        """Whether any image may have drawn one of these."""
        return any(name in self.names for name in names)

    def chosen(self, name: str) -> Any:
        """bool (N,): the images that drew it."""
        drawn = ops.zeros_like(self.index)
        for index, known in enumerate(self.names):
            if known == name:
                drawn = drawn + ops.cast(self.index == index, "float32")
        return drawn > 0

    def value(self, name: str, neutral: float) -> Any:
        """float (N,): the magnitude where the image drew it, `neutral` elsewhere."""
        low, high = RANGES[name]
        return ops.where(self.chosen(name), low + (high - low) * self.magnitude, neutral)


def transform(images: Any, steps: list[Step]) -> Any:
    """Images (N, H, W, C) after the steps: colors in their order, then all geometry at once.

    Example:
        >>> import numpy as np
        >>> from sslzoo.augment.randaugment import Step, transform
        >>> images, draw = np.ones((1, 4, 4, 1), "float32"), np.zeros(1, "float32")
        >>> darkest = transform(images, [Step(("brightness",), draw, draw)])
        >>> round(float(darkest[0, 0, 0, 0]), 3)
        0.05
    """
    _, height, width, _ = images.shape
    planes = ops.transpose(images, (0, 3, 1, 2))  # (N, C, H, W)
    for start in range(0, len(steps), 2):
        planes = _two_steps(planes, steps[start : start + 2])
    images = ops.transpose(planes, (0, 2, 3, 1))  # (N, H, W, C)
    if not steps[0].has("rotate", "shear_x", "shear_y", "translate_x", "translate_y"):
        return images
    matrix = ops.eye(3)
    for step in steps:  # of the three maps of a step, two are the identity
        rotation = geometry.rotation(step.value("rotate", 0.0), height, width)
        shear = geometry.shear(step.value("shear_x", 0.0), step.value("shear_y", 0.0))
        along_x, along_y = step.value("translate_x", 0.0), step.value("translate_y", 0.0)
        translation = geometry.translation(along_x, along_y, height, width)
        for part in (rotation, shear, translation):
            matrix = ops.matmul(matrix, part)  # (N, 3, 3)
    return geometry.affine(images, matrix)


def _two_steps(planes: Any, steps: list[Step]) -> Any:
    """Planes (N, C, H, W) after the color operations of one or two steps."""
    planes = colors(planes, steps[0])
    if steps[0].has("equalize"):
        # The dearest operation runs once for two steps: after the first of an image whose second it
        # is, and before the second of an image whose first it is. Twice is the same as once.
        chosen = reduce(ops.logical_or, [step.chosen("equalize") for step in steps])
        planes = equalize(planes, chosen)
    for step in steps[1:]:
        planes = colors(planes, step)
    return planes


def colors(planes: Any, step: Step) -> Any:
    """Planes (N, C, H, W) after the color operation of a step, `equalize` left out.

    Example:
        >>> import numpy as np
        >>> from sslzoo.augment.randaugment import Step, colors
        >>> planes, draw = np.ones((1, 1, 4, 4), "float32"), np.zeros(1, "float32")
        >>> float(colors(planes, Step(("solarize",), draw, draw))[0, 0, 0, 0])
        0.0
    """
    if step.has("brightness", "contrast", "color", "autocontrast"):
        factors = [step.value(name, 1.0) for name in ("brightness", "contrast", "color")]
        planes = tone(planes, *factors, step.chosen("autocontrast"))
    if step.has("posterize"):
        planes = posterize(planes, ops.floor(step.value("posterize", 8.0)))
    if step.has("solarize"):
        planes = solarize(planes, step.value("solarize", 2.0))
    if step.has("sharpness"):
        planes = sharpness(planes, step.value("sharpness", 1.0))
    return planes


def cut_out(images: Any, side: Any, y: Any, x: Any) -> Any:
    """Paint a gray square (0.5) over each image.

    Args:
        images: float (N, H, W, C).
        side: float (N,), as a share of the image's.
        y, x: float (N,), the center, in shares of the height and width: the square may reach over
            the border.

    Returns:
        float (N, H, W, C): gray where the center of a pixel lies in the square.

    Example:
        >>> import numpy as np
        >>> from sslzoo.augment.randaugment import cut_out
        >>> half = np.array([0.5], "float32")
        >>> cut = cut_out(np.zeros((1, 4, 4, 1), "float32"), half, half, half)
        >>> float(np.sum(cut))  # 2 x 2 pixels of 0.5
        2.0
    """
    _, height, width, _ = images.shape
    rows, columns = _inside(y, side, height), _inside(x, side, width)
    square = ops.logical_and(rows[:, :, None, None], columns[:, None, :, None])  # (N, H, W, 1)
    return ops.where(square, 0.5, images)


def _inside(center: Any, side: Any, size: int) -> Any:
    """bool (N, size): which pixels of an axis lie within side / 2 of the center."""
    pixel = (ops.cast(ops.arange(size), "float32") + 0.5) / size
    return ops.abs(pixel[None, :] - center[:, None]) < side[:, None] / 2
