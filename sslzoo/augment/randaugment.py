"""RandAugment and Cutout, vectorised: every image of a batch with its own operations and
magnitudes.
"""

import keras
from keras import ops

from sslzoo.augment import affine as geometry
from sslzoo.augment.colour import solarise
from sslzoo.augment.operations import equalise, posterise, sharpness, tone
from sslzoo.augment.seeds import ReplicaSeeds
from sslzoo.errors import unknown

# The operations that FixMatch draws from and the ranges of their magnitudes (Sohn et al. 2020,
# arXiv:2001.07685, the table in the appendix), as in TorchSSL
# (datasets/augmentation/randaugment.py). Brightness, contrast, colour and sharpness only ever
# weaken; `solarise` is its threshold, `posterise` the number of bits, rounded down, `rotate`
# degrees, the rest of the geometry a share of the side.
RANGES = {
    "identity": (0.0, 0.0),
    "autocontrast": (0.0, 0.0),
    "brightness": (0.05, 0.95),
    "colour": (0.05, 0.95),
    "contrast": (0.05, 0.95),
    "equalise": (0.0, 0.0),
    "posterise": (4.0, 8.0),
    "rotate": (-30.0, 30.0),
    "sharpness": (0.05, 0.95),
    "shear_x": (-0.3, 0.3),
    "shear_y": (-0.3, 0.3),
    "solarise": (0.0, 1.0),
    "translate_x": (-0.3, 0.3),
    "translate_y": (-0.3, 0.3),
}

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
    then Cutout: a grey square (.5; TorchSSL's (125, 123, 114) / 255, without the tint) with a side
    uniform in [0, cutout] of the image's, centred anywhere in it and cut off at its border.

    Colour operations run in their drawn order; geometric ones are composed in theirs into one
    nearest sampling that comes after (PIL runs all in order: its autocontrast, contrast and
    equalise may see the black border that a rotation left). There is no inference mode: it is
    random whenever it is called.

    Args:
        pool: a name in `POOLS`, or names of `RANGES`.
        count: operations per image. FixMatch 2, TorchSSL 3 with its own generator.
        cutout: the largest side of the square as a share of the image's; FixMatch .5. 0: none.
        seed: integer.

    Call:
        images: float (N, H, W, 1 or 3) in [0, 1], H and W known.

    Returns:
        float32, the same shape, in [0, 1].

    Raises:
        ValueError: an unknown operation or pool, a count below 1, a cutout outside [0, 1].
    """

    def __init__(self, pool="all", count=2, cutout=0.5, seed=0, **kwargs):
        # pixel coordinates need float32, whatever the policy
        super().__init__(**kwargs | {"dtype": "float32"})
        if isinstance(pool, str) and pool not in POOLS:
            raise ValueError(unknown("pool", pool, POOLS))
        self.names = POOLS[pool] if isinstance(pool, str) else tuple(pool)
        for name in self.names:
            if name not in RANGES:
                raise ValueError(unknown("operation", name, RANGES))
        if not isinstance(count, int) or count < 1 or not self.names:
            raise ValueError(
                f"count: got {count!r} of {len(self.names)} operations; both must be whole "
                "numbers of at least 1."
            )
        if not 0 <= cutout <= 1:
            raise ValueError(f"cutout: got {cutout!r}; it must be a share of the side, in 0..1.")
        self.pool, self.count, self.cutout, self.seed = pool, count, float(cutout), seed
        self.seed_generator = ReplicaSeeds(seed)
        self.built = True

    def call(self, images):
        images = ops.cast(images, "float32")
        count = ops.shape(images)[0]
        draws = keras.random.uniform(
            (2 * self.count + 3, count), dtype="float32", seed=self.seed_generator
        )
        steps = [Step(self.names, draws[2 * i], draws[2 * i + 1]) for i in range(self.count)]
        images = transform(images, steps)
        return (
            cut_out(images, self.cutout * draws[-3], draws[-2], draws[-1])
            if self.cutout
            else images
        )

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        own = {"pool": self.pool, "count": self.count, "cutout": self.cutout, "seed": self.seed}
        return super().get_config() | own


class Step:
    """One operation of each image: which of `names`, and its magnitude, from two uniform numbers
    (N,) in [0, 1).
    """

    def __init__(self, names, which, magnitude):
        self.names, self.magnitude = names, magnitude
        self.index = ops.floor(which * len(names))

    def has(self, *names):
        """Whether any image may have drawn one of these."""
        return any(name in self.names for name in names)

    def chosen(self, name):
        """bool (N,): the images that drew it."""
        drawn = [i for i, own in enumerate(self.names) if own == name]
        return (
            sum((ops.cast(self.index == i, "float32") for i in drawn), ops.zeros_like(self.index))
            > 0
        )

    def value(self, name, neutral):
        """float (N,): the magnitude where the image drew it, `neutral` elsewhere."""
        low, high = RANGES[name]
        return ops.where(self.chosen(name), low + (high - low) * self.magnitude, neutral)


def transform(images, steps):
    """Images (N, H, W, C) after the steps: colours in their order, then all geometry at once."""
    _, height, width, _ = images.shape
    planes = ops.transpose(images, (0, 3, 1, 2))
    for first, *second in (steps[i : i + 2] for i in range(0, len(steps), 2)):
        planes = colours(planes, first)
        if first.has("equalise"):
            # The dearest operation runs once for two steps: after the first of an image whose
            # second it is, and before the second of an image whose first it is. Twice is the same
            # as once.
            chosen = [step.chosen("equalise") for step in (first, *second)]
            planes = equalise(planes, chosen[0] if not second else ops.logical_or(*chosen))
        for step in second:
            planes = colours(planes, step)
    images = ops.transpose(planes, (0, 2, 3, 1))
    if not steps[0].has("rotate", "shear_x", "shear_y", "translate_x", "translate_y"):
        return images
    matrix = ops.eye(3)
    for step in steps:  # of the three maps of a step, two are the identity
        along_x, along_y = step.value("translate_x", 0.0), step.value("translate_y", 0.0)
        matrix = ops.matmul(matrix, geometry.rotation(step.value("rotate", 0.0), height, width))
        matrix = ops.matmul(
            matrix, geometry.shear(step.value("shear_x", 0.0), step.value("shear_y", 0.0))
        )
        matrix = ops.matmul(matrix, geometry.translation(along_x, along_y, height, width))
    return geometry.affine(images, matrix)


def colours(planes, step):
    """Planes (N, C, H, W) after the colour operation of a step, `equalise` left out."""
    if step.has("brightness", "contrast", "colour", "autocontrast"):
        factors = (step.value(name, 1.0) for name in ("brightness", "contrast", "colour"))
        planes = tone(planes, *factors, step.chosen("autocontrast"))
    if step.has("posterise"):
        planes = posterise(planes, ops.floor(step.value("posterise", 8.0)))
    if step.has("solarise"):
        planes = solarise(planes, step.value("solarise", 2.0))
    if step.has("sharpness"):
        planes = sharpness(planes, step.value("sharpness", 1.0))
    return planes


def cut_out(images, side, y, x):
    """Paint a grey square (.5) over each image.

    Args:
        images: float (N, H, W, C).
        side: float (N,), as a share of the image's.
        y, x: float (N,), the centre, in shares of the height and width: the square may reach over
            the border.

    Returns:
        float (N, H, W, C): grey where the centre of a pixel lies in the square.
    """
    _, height, width, _ = images.shape

    def inside(centre, size):
        pixel = (ops.cast(ops.arange(size), "float32") + 0.5) / size
        return ops.abs(pixel[None, :] - centre[:, None]) < side[:, None] / 2

    rows, columns = inside(y, height), inside(x, width)
    square = ops.logical_and(rows[:, :, None, None], columns[:, None, :, None])
    return ops.where(square, 0.5, images)
