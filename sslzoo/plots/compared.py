"""The picture of methods on one budget: PNG bytes."""

from collections.abc import Sequence
from typing import Any

from sslzoo.plots.figure import CLASS_COLORS, GRID, INK, MUTED, empty, png


def compared_png(trained: Sequence[Any]) -> bytes:
    """Accuracy over the seconds of training, a line for each of `sslzoo.zoo.same_budget.Trained`.
    The dashed line is the network before training.

    >>> from types import SimpleNamespace
    >>> one = SimpleNamespace(method="simclr", untrained=0.3, curve=[(1.0, 0.4), (2.0, 0.5)])
    >>> compared_png([one])[1:4]
    b'PNG'
    """
    figure = empty(7.2, 4.2)
    axes = figure.subplots()
    minutes = max(row.curve[-1][0] for row in trained) > 300
    unit, seconds = ("minutes", 60) if minutes else ("seconds", 1)
    for number, row in enumerate(trained):
        color = CLASS_COLORS[number % len(CLASS_COLORS)]
        style = "-" if number < len(CLASS_COLORS) else ":"
        times = [0, *(time / seconds for time, _ in row.curve)]
        values = [100 * value for value in (row.untrained, *(value for _, value in row.curve))]
        axes.plot(times, values, style, color=color, linewidth=1.8, label=row.method)
        axes.plot(times[-1], values[-1], "o", color=color, markersize=4)
    untrained = sum(row.untrained for row in trained) / len(trained)
    axes.axhline(100 * untrained, color=MUTED, linewidth=1, linestyle="--", label="untrained")
    axes.set_xlabel(f"{unit} of training", color=INK)
    axes.set_ylabel("nearest neighbors, accuracy (%)", color=INK)
    axes.grid(color=GRID)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.tight_layout()
    return png(figure)
