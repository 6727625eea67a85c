"""The picture of a search of settings: PNG bytes."""

from collections.abc import Sequence
from typing import Any

from sslzoo.plots.figure import ACCENT, GRID, INK, MUTED, empty, png

COLUMNS = 3


def tuned_png(trials: Sequence[Any], logs: Sequence[str] = ()) -> bytes:
    """The accuracy of each `sslzoo.zoo.tune.Trial` in its order, then over each setting. The dashed
    line is trial 0, the config as it is written. Small dots are shorter trainings.

    Args:
        trials: In their order.
        logs: Settings with a logarithmic axis.

    >>> from types import SimpleNamespace
    >>> trial = SimpleNamespace(number=1, settings={"batch_size": 8}, epochs=2, accuracy=0.5)
    >>> tuned_png([trial])[1:4]
    b'PNG'
    """
    done = [trial for trial in trials if trial.accuracy is not None]
    keys = list(trials[0].settings)
    count = 1 + len(keys)
    rows, columns = -(-count // COLUMNS), min(COLUMNS, count)
    figure = empty(3.6 * columns, 3.2 * rows)
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    _dots(grid[0], [trial.number for trial in done], done)
    best = [max(100 * trial.accuracy for trial in done[: n + 1]) for n in range(len(done))]
    grid[0].step([trial.number for trial in done], best, where="post", color=ACCENT)
    grid[0].set_xlabel("trial", color=INK)
    for axes, key in zip(grid[1:], keys, strict=False):
        values = [trial.settings[key] for trial in done]
        numbers = all(type(value) in (int, float) for value in values)
        _dots(axes, values if numbers else [str(value) for value in values], done)
        if key in logs and numbers and all(value > 0 for value in values):
            axes.set_xscale("log")
        axes.set_xlabel(key, color=INK)
    for axes in grid[count:]:
        axes.remove()
    for axes in grid[::columns]:
        axes.set_ylabel("accuracy, held out (%)", color=INK)
    figure.tight_layout()
    return png(figure)


def _dots(axes: Any, places: list, done: list) -> None:
    longest = max((trial.epochs or 0 for trial in done), default=0)
    sizes = [36 if (trial.epochs or 0) == longest else 10 for trial in done]
    axes.scatter(places, [100 * trial.accuracy for trial in done], s=sizes, color=ACCENT)
    for trial in done:
        if trial.number == 0:
            axes.axhline(100 * trial.accuracy, color=MUTED, linewidth=1, linestyle="--")
    axes.grid(color=GRID)
    axes.spines[["top", "right"]].set_visible(False)
