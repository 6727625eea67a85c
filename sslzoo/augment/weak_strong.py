"""The weak and the strong view of consistency training, and their presets."""

import keras
from keras import ops

from sslzoo.augment.geometry import separable
from sslzoo.augment.randaugment import RandAugment
from sslzoo.augment.seeds import ReplicaSeeds
from sslzoo.errors import unknown

# Sohn et al. 2020, arXiv:2001.07685, section 2.3: half of the images mirrored, all moved by up to
# 12.5 %; RandAugment with two operations and Cutout.
_FIXMATCH = {"flip": 0.5, "shift": 0.125, "pool": "all", "count": 2, "cutout": 0.5}

WEAK_STRONG = {
    "fixmatch": _FIXMATCH,
    "digits": _FIXMATCH | {"flip": 0.0, "pool": "digits"},  # a mirrored digit is another sign
}


def weak_strong(augment, seed=0):
    """(FlipShift, RandAugment) of a preset.

    Args:
        augment: a name in `WEAK_STRONG`, or a dict whose "preset" is such a name and whose other
        fields replace its own.
        seed: integer.

    Raises:
        ValueError: an unknown name or field, or a value that the layers refuse.
    """
    changes = {"preset": augment} if isinstance(augment, str) else dict(augment)
    name = changes.pop("preset", "")
    if name not in WEAK_STRONG:
        raise ValueError(unknown("preset", name, WEAK_STRONG))
    for field in changes:
        if field not in _FIXMATCH:
            raise ValueError(unknown("preset field", field, _FIXMATCH))
    fields = WEAK_STRONG[name] | changes
    weak = FlipShift(fields["flip"], fields["shift"], seed=seed)
    return weak, RandAugment(fields["pool"], fields["count"], fields["cutout"], seed=seed + 1)


@keras.saving.register_keras_serializable(package="sslzoo")
class FlipShift(keras.layers.Layer):
    """FixMatch's weak view: mirror left and right, reflect the border outwards, crop the same size
    from there.

    Args:
        flip: probability.
        shift: the border, as a share of the side, rounded down to pixels; .125 is 4 of 32. Offsets
            are whole pixels, uniform.
        seed: integer.

    Call:
        images: float (N, H, W, C), H and W known.

    Returns:
        float32, the same shape and range.

    Raises:
        ValueError: a flip outside [0, 1], a shift outside [0, .5].
    """

    def __init__(self, flip=0.5, shift=0.125, seed=0, **kwargs):
        super().__init__(**kwargs | {"dtype": "float32"})
        for field, value, highest in (("flip", flip, 1), ("shift", shift, 0.5)):
            if not 0 <= value <= highest:
                raise ValueError(f"{field}: got {value!r}; it must be in 0..{highest}.")
        self.flip, self.shift, self.seed = float(flip), float(shift), seed
        self.seed_generator = ReplicaSeeds(seed)
        self.built = True

    def call(self, images):
        images = ops.cast(images, "float32")
        _, height, width, _ = images.shape
        draws = keras.random.uniform(
            (3, ops.shape(images)[0]), dtype="float32", seed=self.seed_generator
        )
        down, right = (
            self._offset(draw, size) for draw, size in ((draws[0], height), (draws[1], width))
        )
        return flip_shift(images, draws[2] < self.flip, down, right)

    def _offset(self, draw, size):
        border = int(self.shift * size)
        return ops.floor(draw * (2 * border + 1)) - border

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"flip": self.flip, "shift": self.shift, "seed": self.seed}


def flip_shift(images, flip, down, right):
    """Mirror and move each image; what comes in from outside is its reflection.

    Args:
        images: float (N, H, W, C).
        flip: bool (N,), left and right exchanged.
        down, right: float (N,), whole pixels, less than the side: out[y, x] = image[y + down, x +
            right] of the mirrored.

    Returns:
        float (N, H, W, C).
    """
    _, height, width, _ = images.shape
    nobody = ops.zeros_like(flip)
    return separable(images, _shift_matrix(down, height, nobody), _shift_matrix(right, width, flip))


def _shift_matrix(offset, size, flip):
    """(N, size, size), one 1 a row: which pixel of the source each pixel of the output is."""
    pixel = ops.cast(ops.arange(size), "float32")
    source = ops.abs(pixel[None, :] + offset[:, None])
    source = (size - 1) - ops.abs((size - 1) - source)
    source = ops.where(flip[:, None], (size - 1) - source, source)
    return ops.cast(ops.equal(source[:, :, None], pixel), "float32")
