"""Temporal distribution characterization: the span of a training set cut into periods that differ.

Du et al. 2021, "AdaRNN: Adaptive Learning and Forecasting for Time Series", arXiv:2108.04443,
section 4.1. How far two periods are apart is |mean(a) - mean(b)|^2 of their feature values, the
linear MMD, which is the official code's default (jindongwang/transferlearning, code/deep/adarnn).
That code looks at the first days alone: it takes as many hours as there are days. Here the whole
span counts.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks import check_series, refused, whole

SEGMENTS = 10  # equal parts between which cuts may lie; the paper's and the code's number


def cut_periods(series: ArrayLike, periods: int = 2, segments: int = SEGMENTS) -> NDArray[np.int64]:
    """The period of each row.

    The rows are split into `segments` parts of equal length. Cuts are chosen between them, one
    after the other: each is the one with which the periods differ most, by `separation`. Of equally
    good cuts the earliest is taken. Nothing is random.

    Args:
        series: (N, T, F), rows in the order of time.
        periods: K, at least 1 and at most `segments`. The paper tries 2, 3, 5, 7 and 10.
        segments: at most N.

    Returns:
        int64 (N,), ascending from 0 to K - 1.

    Raises:
        ValueError: numbers out of range, values that are no series.

    >>> level = np.array([0.0] * 6 + [9.0] * 4)
    >>> cut_periods(np.ones((10, 24, 2)) * level[:, None, None], periods=2)
    array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1])
    """
    series = check_series(series)
    whole("segments", segments, least=1)
    whole("periods", periods, least=1, most=segments)
    if len(series) < segments:
        raise refused("series", f"{len(series)} rows", f"have at least {segments}, the segments")
    edges = np.round(np.linspace(0, len(series), segments + 1)).astype(int)
    cuts = []
    while len(cuts) < periods - 1:
        free = [edge for edge in edges[1:-1] if edge not in cuts]
        scores = [separation(series, period_of(len(series), [*cuts, edge])) for edge in free]
        cuts.append(free[int(np.argmax(scores))])
    return period_of(len(series), cuts)


def separation(series: ArrayLike, domains: ArrayLike) -> float:
    """How far the periods are apart: |mean(a) - mean(b)|^2, summed over all pairs of them.

    Args:
        series: (N, T, F).
        domains: integers (N,), the period of each row.

    >>> separation(np.array([[[0.0]], [[2.0]], [[4.0]]]), [0, 1, 1])
    9.0
    """
    series, domains = np.asarray(series, "float64"), np.asarray(domains)
    means = np.stack([series[domains == k].mean(axis=(0, 1)) for k in np.unique(domains)])  # (K, F)
    squares = np.square(means[:, None] - means[None]).sum(axis=-1)  # (K, K), each pair twice
    return float(squares.sum() / 2)


def period_of(count: int, cuts: ArrayLike) -> NDArray[np.int64]:
    """The number of the period of each of `count` rows; a period begins at each row in `cuts`.

    >>> period_of(5, [3, 1])
    array([0, 1, 1, 2, 2])
    """
    return np.searchsorted(np.sort(np.asarray(cuts, "int64")), np.arange(count), side="right")
