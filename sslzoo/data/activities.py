"""Made windows of an accelerometer whose place on the body changes over time."""

from collections.abc import Sequence

import numpy as np

from sslzoo.checks import at_least, refused, whole
from sslzoo.data.dataset import Dataset

# Cycles a window, and how far each axis swings.
ACTIVITIES = {
    "stand": (0.0, (0.0, 0.0, 0.0)),
    "walk": (2.0, (1.0, 0.5, 0.3)),
    "stairs": (2.0, (0.4, 0.5, 1.0)),
    "run": (4.0, (1.0, 0.5, 0.3)),
}
WINDOW = 32  # steps


def activities(
    rows: int, slips: Sequence[Sequence[float]], noise: float = 0.5, seed: int = 0
) -> Dataset:
    """Windows of a made accelerometer, in the order of time: what AdaRNN's second task looks like
    (human activities, Du et al. 2021, arXiv:2108.04443, section 4.1), with a shift that is known.

    Each window is one of four activities: standing, walking, stairs and running. They differ in how
    fast and in which direction they swing. The phase is random and the strength varies by a fifth.
    The sensor slips: the time is cut into spans of equal length, and in span k the values are
    higher by `slips[k]`. The slip says nothing about the activity. A network that does not look at
    it is as good after any slip.

    Args:
        rows: Number of windows.
        slips: Of each span, what is added to the three axes. Gravity is at 1.
        noise: Standard deviation of each value.
        seed: Random seed.

    Returns:
        A set with series float32 (rows, 32, 3) and labels 0..3.

    Raises:
        ValueError: no slip, slips of other than three numbers, or fewer rows than slips.

    >>> activities(6, [[0, 0, 1], [1, 0, 0]], noise=0.0).series[[0, -1]].mean(axis=1).round(2) + 0.0
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    slips = np.asarray(slips, "float64")
    if slips.ndim != 2 or slips.shape[1:] != (3,) or not len(slips):
        raise refused("slips", f"shape {slips.shape}", "be (spans, 3)")
    whole("rows", rows, least=len(slips))
    at_least("noise", noise, 0)
    rng = np.random.default_rng(seed)
    labels = rng.integers(len(ACTIVITIES), size=rows)
    cycles = np.array([cycles for cycles, _ in ACTIVITIES.values()])[labels]
    swings = np.array([swing for _, swing in ACTIVITIES.values()])[labels]  # (rows, 3)
    phase = cycles[:, None] * np.arange(WINDOW) / WINDOW + rng.random((rows, 1))
    strength = rng.uniform(0.8, 1.2, (rows, 1))
    series = (strength * np.sin(2 * np.pi * phase))[..., None] * swings[:, None]  # (rows, T, 3)
    spans = np.arange(rows) * len(slips) // rows  # (rows,), of equal length
    series = series + slips[spans][:, None] + rng.normal(0, noise, series.shape)
    return Dataset(
        series=series.astype("float32"), labels=labels, classes=list(ACTIVITIES), name="activities"
    )
