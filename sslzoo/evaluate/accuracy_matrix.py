"""What is said of a learner of tasks in sequence: R[t, j], its accuracy on task j after learning
task t, and its figures.

Two scenarios (van de Ven & Tolias 2019, arXiv:1904.07734). Task-incremental: the task of a test
item is told, so only the classes of that task compete. Class-incremental: every class seen so far
competes.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

SCENARIOS = ("class", "task")


def accuracies(
    scores: NDArray, labels: NDArray, tasks: Sequence[Sequence[int]], seen: Sequence[int]
) -> dict[str, list[float]]:
    """One row of R in both scenarios: {"class": [accuracy on task j], "task": the same}, NaN where
    it is undefined.

    A task whose classes are not among the seen ones has accuracy 0 where classes compete; where the
    task is told, what its untrained columns give. A class may have no score yet, minus infinity; a
    task with none has no accuracy in the task-incremental scenario.

    Args:
        scores: (N, C) of all test items, one a class, the largest wins (of equals the first).
        labels: (N,) integers.
        tasks: [classes of task j]; every one has test items.
        seen: the classes learned so far.

    >>> accuracies(np.eye(2), np.array([0, 1]), [[0], [1]], seen=[0])
    {'class': [1.0, 0.0], 'task': [1.0, 1.0]}
    """
    rows = {name: [] for name in SCENARIOS}
    for classes in tasks:
        own = np.isin(labels, classes)
        rows["class"].append(_accuracy(scores[own], labels[own], seen))
        rows["task"].append(_accuracy(scores[own], labels[own], classes))
    return rows


def predict(scores: NDArray, columns: Sequence[int]) -> NDArray:
    """The class (N,) with the largest score among `columns`.

    >>> predict(np.array([[0.9, 0.1, 0.2]]), [1, 2])
    array([2])
    """
    columns = np.asarray(columns)
    return columns[scores[:, columns].argmax(axis=1)]


def average_accuracy(matrix: ArrayLike) -> float:
    """Mean of the last row of R (Lopez-Paz & Ranzato 2017, arXiv:1706.08840, equation 2).

    >>> average_accuracy([[1.0, 0.0], [0.5, 1.0]])
    0.75
    """
    return float(np.mean(matrix[-1]))


def curve(matrix: ArrayLike) -> list[float]:
    """[A_t]: after each task t, the mean accuracy on tasks 0..t (Chaudhry et al. 2018,
    arXiv:1801.10112, section 4).

    >>> curve([[1.0, 0.0], [0.5, 1.0]])
    [1.0, 0.75]
    """
    return [float(np.mean(row[: t + 1])) for t, row in enumerate(matrix)]


def forgetting(matrix: ArrayLike) -> float:
    """Mean over all tasks j but the last of max_{t < T - 1} R[t, j] - R[T - 1, j] (Chaudhry et al.
    2018, equation 3).

    In -1..1; NaN for a single task. 0 is a learner that forgets nothing.

    >>> forgetting([[1.0, 0.0], [0.5, 1.0]])
    0.5
    """
    matrix = np.asarray(matrix)
    if len(matrix) < 2:
        return np.nan
    best = np.nanmax(matrix[:-1, :-1], axis=0)
    return float(np.mean(best - matrix[-1, :-1]))


def backward_transfer(matrix: ArrayLike) -> float:
    """Mean over all tasks j but the last of R[T - 1, j] - R[j, j] (Lopez-Paz & Ranzato 2017,
    equation 3).

    In -1..1; NaN for a single task. Negative: what was learned later did harm.

    >>> backward_transfer([[1.0, 0.0], [0.5, 1.0]])
    -0.5
    """
    matrix = np.asarray(matrix)
    if len(matrix) < 2:
        return np.nan
    return float(np.mean(matrix[-1, :-1] - np.diag(matrix)[:-1]))


def forward_transfer(matrix: ArrayLike, untrained: ArrayLike) -> float:
    """Mean over all tasks j but the first of R[j - 1, j] - b_j, b the accuracies of the untrained
    model (Lopez-Paz & Ranzato 2017, equation 4).

    NaN for a single task, and in the class-incremental scenario, where a class to come cannot be
    answered. With a head of its own for each task, as here, it says how untrained columns fare on
    better features: little.

    >>> forward_transfer([[1.0, 0.75], [0.5, 1.0]], [0.5, 0.5])
    0.25
    """
    matrix, untrained = np.asarray(matrix), np.asarray(untrained)
    if len(matrix) < 2:
        return np.nan
    return float(np.mean(np.diag(matrix, 1) - untrained[1:]))


def _accuracy(scores, labels, columns):
    if not len(columns) or not np.isfinite(scores[:, columns]).any():
        return np.nan
    return float(np.mean(predict(scores, columns) == labels))
