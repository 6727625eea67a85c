"""The weak and the strong view of consistency training, and their presets."""

from typing import Any

import keras
from keras import ops

from sslzoo.augment.geometry import separable
from sslzoo.augment.randaugment import RandAugment
from sslzoo.augment.seeds import ReplicaSeeds
from sslzoo.checks import in_range, one_of, refused

# Sohn et al. 2020, arXiv:2001.07685, section 2.3: half of the images mirrored, all moved by up to
# 12.5 %; RandAugment with two operations and Cutout.
_FIXMATCH = {"flip": 0.5, "shift": 0.125, "pool": "all", "count": 2, "cutout": 0.5}

# The two views of FixMatch and its kin, arguments of `FlipShift` and `RandAugment`. "digits" is two
# views of digits here, a crop with jitter in `PRESETS`, the strong view's operations in `POOLS`.
WEAK_STRONG = {
    "fixmatch": _FIXMATCH,
    "digits": _FIXMATCH | {"flip": 0.0, "pool": "digits"},  # a mirrored digit is another sign
}


def weak_strong(augment: Any, seed: int = 0) -> tuple[keras.layers.Layer, keras.layers.Layer]:
    """The layers of the weak and the strong view of a preset.

    Args:
        augment: A name from `WEAK_STRONG`, or a dict. Its "preset" is such a name, and its other
            fields replace those of the preset. Or the two layers themselves.
        seed: An integer, of a preset.

    Raises:
        TypeError: It is neither a name nor a dict nor two layers.
        ValueError: A name or field is unknown, or the layers refuse a value.

    Example:
        >>> from sslzoo import augment
        >>> weak, strong = augment.weak_strong({"preset": "digits", "count": 3})
        >>> weak.flip, strong.count
        (0.0, 3)
    """
    if _is_pair(augment):
        return tuple(augment)
    changes = {"preset": augment} if isinstance(augment, str) else augment
    if not isinstance(changes, dict):
        needed = "be a name, a dict of 'preset' and the fields to replace, or two Keras layers"
        raise TypeError(str(refused("augment", augment, needed)))
    name = one_of("preset", changes.get("preset", ""), WEAK_STRONG)
    changes = {field: value for field, value in changes.items() if field != "preset"}
    for field in changes:
        one_of("field of a preset", field, _FIXMATCH)
    fields = WEAK_STRONG[name] | changes
    weak = FlipShift(fields["flip"], fields["shift"], seed=seed)
    return weak, RandAugment(fields["pool"], fields["count"], fields["cutout"], seed=seed + 1)


def _is_pair(augment: Any) -> bool:
    pair = isinstance(augment, (list, tuple)) and len(augment) == 2
    return pair and all(isinstance(layer, keras.layers.Layer) for layer in augment)


@keras.saving.register_keras_serializable(package="sslzoo")
class FlipShift(keras.layers.Layer):
    """FixMatch's weak view: mirror the image, pad it by reflection, and crop the same size.

    Args:
        flip: Probability of mirroring.
        shift: The border as a fraction of the side, rounded down to pixels. 0.125 is 4 of 32.
            Offsets are uniform, in whole pixels.
        seed: integer.

    Call:
        images: float (N, H, W, C), H and W known.

    Returns:
        float32, the same shape and range.

    Raises:
        ValueError: `flip` is outside [0, 1], or `shift` is outside [0, 0.5].

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment
        >>> tuple(augment.FlipShift()(np.zeros((2, 32, 32, 3), "float32")).shape)
        (2, 32, 32, 3)
    """

    def __init__(
        self, flip: float = 0.5, shift: float = 0.125, seed: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs | {"dtype": "float32"})
        self.flip = float(in_range("flip", flip, 0, 1))
        self.shift = float(in_range("shift", shift, 0, 0.5))
        self.seed = seed
        self.seed_generator = ReplicaSeeds(seed)
        self.built = True

    def call(self, images: Any) -> Any:
        images = ops.cast(images, "float32")
        _, height, width, _ = images.shape
        shape = (3, ops.shape(images)[0])
        draws = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)
        down, right = self._offset(draws[0], height), self._offset(draws[1], width)
        return flip_shift(images, draws[2] < self.flip, down, right)

    def _offset(self, draw: Any, size: int) -> Any:
        """Whole pixels (N,), from a draw in [0, 1)."""
        border = int(self.shift * size)
        return ops.floor(draw * (2 * border + 1)) - border

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return super().get_config() | {"flip": self.flip, "shift": self.shift, "seed": self.seed}


def flip_shift(images: Any, flip: Any, down: Any, right: Any) -> Any:
    """Mirror and move each image; what comes in from outside is its reflection.

    Args:
        images: float (N, H, W, C).
        flip: bool (N,), left and right exchanged.
        down, right: float (N,), whole pixels, less than the side: out[y, x] = image[y + down, x +
            right] of the mirrored.

    Returns:
        float (N, H, W, C).

    Example:
        >>> import numpy as np
        >>> from sslzoo.augment.weak_strong import flip_shift
        >>> images = np.array([1.0, 2.0], "float32").reshape(1, 1, 2, 1)
        >>> zero = np.zeros(1, "float32")
        >>> np.asarray(flip_shift(images, np.array([True]), zero, zero)).ravel().tolist()
        [2.0, 1.0]
    """
    _, height, width, _ = images.shape
    nobody = ops.zeros_like(flip)
    along_y = _shift_matrix(down, height, nobody)
    along_x = _shift_matrix(right, width, flip)
    return separable(images, along_y, along_x)


def _shift_matrix(offset: Any, size: int, flip: Any) -> Any:
    """(N, size, size), one 1 a row: which pixel of the source each pixel of the output is."""
    pixel = ops.cast(ops.arange(size), "float32")
    source = ops.abs(pixel[None, :] + offset[:, None])  # (N, size)
    source = (size - 1) - ops.abs((size - 1) - source)
    source = ops.where(flip[:, None], (size - 1) - source, source)
    return ops.cast(ops.equal(source[:, :, None], pixel), "float32")
