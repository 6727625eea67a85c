"""Images that lost something: what a method that restores is given, and what it has to beat."""

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from sslzoo.augment.seeds import ReplicaSeeds
from sslzoo.checks import above, in_range, one_of

NOISES = {"gaussian": "normal", "masking": "uniform", "salt_and_pepper": "uniform"}


class Damaged(NamedTuple):
    """Images with a part of them lost.

    original: float32 (N, H, W, C) in 0..1, the images as they were, of the network's size.
    given: float32 (N, H, W, C), the images as a model gets them.
    hidden: bool (N, H, W, 1), the pixels that were lost, and that count.
    fillers: {name: float32 (N, H, W, C)}, the images restored without learning.

    Example:
        >>> import numpy as np
        >>> from sslzoo.augment import Damaged
        >>> images = np.zeros((2, 4, 4, 3), "float32")
        >>> damaged = Damaged(images, images, np.ones((2, 4, 4, 1), bool), {"noisy": images})
        >>> list(damaged.fillers)
        ['noisy']
    """

    original: np.ndarray
    given: np.ndarray
    hidden: np.ndarray
    fillers: dict[str, np.ndarray]


def noisy(images: Any, draws: Any, noise: str, level: float) -> Any:
    """Images in [0, 1] with noise, in [0, 1]. Each value of each channel has a draw of its own.

    Vincent et al. 2010, "Stacked Denoising Autoencoders", JMLR 2010, section 3.3.

    Args:
        images: float32 (N, H, W, C).
        draws: of the same shape: from N(0, 1) for "gaussian", uniform in [0, 1) for the others.
        noise: "gaussian", which adds `level` times the draw and clips; "masking", which sets a
            share `level` of the values to 0; "salt_and_pepper", which sets half of that share to 0
            and half to 1.
        level: The standard deviation, or the share.

    Example:
        >>> import numpy as np
        >>> from sslzoo.augment import noisy
        >>> values = np.full((1, 1, 4, 1), 0.5, "float32")
        >>> draws = np.array([0.1, 0.3, 0.6, 0.9], "float32").reshape(values.shape)
        >>> np.asarray(noisy(values, draws, "salt_and_pepper", 0.4)).ravel().tolist()
        [0.0, 0.5, 0.5, 1.0]
    """
    if noise == "gaussian":
        return ops.clip(images + level * draws, 0.0, 1.0)
    if noise == "masking":
        return ops.where(draws < level, 0.0, images)
    images = ops.where(draws < level / 2, 0.0, images)
    return ops.where(draws >= 1 - level / 2, 1.0, images)


class Noisy(keras.layers.Layer):
    """Adds the noise of `noisy` to images (N, H, W, C) in [0, 1], anew in every call.

    Args:
        noise: "gaussian", "masking" or "salt_and_pepper".
        level: The standard deviation of "gaussian", above 0. Of the others the share of the values,
            in 0..1.
        seed: Random seed.

    Raises:
        ValueError: Another noise, or a level that damages nothing or leaves nothing.

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment
        >>> images = np.full((2, 8, 8, 3), 0.5, "float32")
        >>> bool((np.asarray(augment.Noisy("masking", 0.25)(images)) == 0).any())
        True
    """

    def __init__(self, noise: str = "gaussian", level: float = 0.3, seed: int = 0) -> None:
        super().__init__(dtype="float32")
        self.noise = one_of("noise", noise, NOISES)
        if noise == "gaussian":
            self.level = above("level", level, 0)
        else:
            self.level = in_range("level", level, 0, 1, low_open=True, high_open=True)
        self.seed_generator = ReplicaSeeds(seed)
        self.built = True

    def call(self, images: Any) -> Any:
        draw = getattr(keras.random, NOISES[self.noise])
        draws = draw(ops.shape(images), dtype="float32", seed=self.seed_generator)
        return noisy(images, draws, self.noise, self.level)

    def drawn(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The same with NumPy's draws, which no backend changes."""
        shape = images.shape
        if NOISES[self.noise] == "normal":
            draws = rng.standard_normal(shape, "float32")
        else:
            draws = rng.random(shape, "float32")
        return ops.convert_to_numpy(noisy(images, draws, self.noise, self.level))
