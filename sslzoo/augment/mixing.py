"""Rows mixed in pairs over the whole batch: MixUp with their targets, MixStyle in their style."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from sslzoo import backends
from sslzoo.augment.seeds import ReplicaSeeds
from sslzoo.checks import above

EPSILON = 1e-6  # of the variance in MixStyle, as in KaiyangZhou/mixstyle-release


@keras.saving.register_keras_serializable("sslzoo")
class MixUpDraws(keras.layers.Layer):
    """The random part of MixUp (Zhang et al. 2018, arXiv:1710.09412) in the form of MixMatch
    (Berthelot et al. 2019, arXiv:1905.02249, equations 8 and 9).

    lambda ~ Beta(alpha, alpha), and lambda' = max(lambda, 1 - lambda): a mixed row is always closer
    to the row itself than to its partner. Each row has its own lambda, as in
    google-research/mixmatch.

    Args:
        alpha: Of the Beta distribution. A smaller one mixes less.
        seed: An integer.

    Call:
        rows: A tensor (N, ...). Only N counts.

    Returns:
        float32 (N, 2): lambda' in 0.5..1, and a place in 0..1. See `mix_up`.

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment
        >>> draws = np.asarray(augment.MixUpDraws(0.75)(np.zeros((4, 8, 8, 3), "float32")))
        >>> draws.shape, bool(draws[:, 0].min() >= 0.5)
        ((4, 2), True)
    """

    def __init__(self, alpha: float = 0.75, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs | {"dtype": "float32"})
        self.alpha = float(above("alpha", alpha, 0))
        self.seed = seed
        self.seed_generator = ReplicaSeeds(seed)
        self.built = True

    def call(self, rows: Any) -> Any:
        count = ops.shape(rows)[0]
        seed = self.seed_generator
        share = keras.random.beta((count,), self.alpha, self.alpha, dtype="float32", seed=seed)
        place = keras.random.uniform((count,), dtype="float32", seed=seed)
        return ops.stack([ops.maximum(share, 1.0 - share), place], axis=1)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], 2)

    def get_config(self) -> dict:
        return super().get_config() | {"alpha": self.alpha, "seed": self.seed}


def mix_up(arrays: Sequence, draws: Any) -> list:
    """lambda' a_i + (1 - lambda') a_j of each array, j the partner of row i.

    Rows are ordered by their place, over all replicas, and the partner is the next in that order.
    It is random, never the row itself, and each row is partner once.

    Args:
        arrays: tensors (N, ...), float, such as images and their targets.
        draws: (N, 2), of `MixUpDraws`.

    Returns:
        One tensor (N, ...) for each.

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment
        >>> draws = np.array([[0.75, 0.1], [1.0, 0.9]], "float32")
        >>> (mixed,) = augment.mix_up([np.array([[0.0], [4.0]], "float32")], draws)
        >>> np.asarray(mixed).ravel().tolist()
        [1.0, 4.0]
    """
    share, partner = draws[:, 0], _partners(draws[:, 1])
    mixed = []
    for array in arrays:
        own = ops.reshape(share, (-1, *[1] * (len(array.shape) - 1)))
        other = ops.take(backends.gather(array), partner, axis=0)
        mixed.append(own * array + (1.0 - own) * other)
    return mixed


def mix_style(maps: Any, draws: Any) -> Any:
    """MixStyle (Zhou et al. 2021, arXiv:2104.02008): the mean and the deviation of each channel of
    a map, mixed with those of its partner.

    out_i = s (x_i - mean_i) / deviation_i + m. s and m are lambda times the own and 1 - lambda
    times the partner's. Both are constants for the gradient. Partners are those of `mix_up`.

    Args:
        maps: (N, H, W, C), or (N, T, C) of series, any float dtype.
        draws: float32 (N, 2): lambda in 0..1, 1 for a row that stays as it is, and a place in 0..1.

    Returns:
        A tensor like `maps`.

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment
        >>> maps = np.array([[[0.0], [2.0]], [[4.0], [8.0]]], "float32")
        >>> draws = np.array([[0.0, 0.1], [1.0, 0.9]], "float32")
        >>> np.round(np.asarray(augment.mix_style(maps, draws))[..., 0], 3).tolist()
        [[4.0, 8.0], [4.0, 8.0]]
    """
    x = ops.cast(maps, "float32")
    between = tuple(range(1, len(x.shape) - 1))
    mean = ops.stop_gradient(ops.mean(x, axis=between, keepdims=True))
    deviation = ops.sqrt(ops.var(x, axis=between, keepdims=True) + EPSILON)
    deviation = ops.stop_gradient(deviation)
    share = ops.reshape(draws[:, 0], (-1, *[1] * (len(x.shape) - 1)))
    partner = _partners(draws[:, 1])
    other_mean, other_deviation = (
        ops.take(backends.gather(values), partner, axis=0) for values in (mean, deviation)
    )
    scale = share * deviation + (1.0 - share) * other_deviation
    shift = share * mean + (1.0 - share) * other_mean
    return ops.cast((x - mean) / deviation * scale + shift, maps.dtype)


def _partners(place: Any) -> Any:
    """The partner of each row, a place in the global batch (N,): the next of all places."""
    everyone = backends.gather(place)  # (G,)
    rank = ops.sum(ops.cast(everyone[None, :] < place[:, None], "int32"), axis=1)  # (N,)
    return ops.take(ops.argsort(everyone), (rank + 1) % ops.shape(everyone)[0])
