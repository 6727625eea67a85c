"""Figures that are no mean over items: intervals by the bootstrap, means of what is known."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

DRAWS = 400  # the limits then move by about a tenth of the interval from seed to seed


def bootstrap_interval(
    figure: Callable[[NDArray[np.int64]], float], count: int, seed: int = 0, draws: int = DRAWS
) -> list[float]:
    """[low, high] of the 95 % percentile interval of a figure of items (Efron 1979,
    doi:10.1214/aos/1176344552).

    Args:
        figure: Row numbers (count,), drawn with replacement -> the figure of these items. NaN
            counts nowhere.
        count: How many items there are.
        seed: Random seed of the draws.
        draws: How many there are.

    >>> bootstrap_interval(lambda rows: 0.5, 10)
    [0.5, 0.5]
    """
    rng = np.random.default_rng(seed)
    values = np.array([figure(rng.integers(0, count, count)) for _ in range(draws)])
    return [float(limit) for limit in np.percentile(values[~np.isnan(values)], (2.5, 97.5))]


def known_mean(values: ArrayLike) -> float:
    """The mean of the numbers that are not NaN; NaN where there is none.

    >>> known_mean([0.5, np.nan]), known_mean([np.nan])
    (0.5, nan)
    """
    values = np.asarray(values, "float64")
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
