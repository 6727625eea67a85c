"""The picture of classifiers of points in the plane, side by side."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sslzoo.plots.figure import CLASS_COLORS, INK, MUTED, empty

FINE = 120  # points of the grid along each axis
COLUMNS = 4


def decisions(models: Mapping[str, Any], points: Any, labels: Any, labeled: Any) -> Any:
    """What each model says of every point of the plane, a panel for each.

    The color of a place is that of its class, and the fainter the less sure the model is. Dots are
    the unlabeled points, and rings the labeled ones.

    Args:
        models: {title: model with `classify` of vectors (N, 2)}.
        points: float (N, 2).
        labels: integers (N,). Only those of `labeled` are used.
        labeled: Rows whose labels the models have seen.

    Returns:
        A figure of matplotlib.

    Example:
        >>> import numpy as np
        >>> from types import SimpleNamespace
        >>> from sslzoo import plots
        >>> half = SimpleNamespace(classify=lambda x: np.stack([x[:, 0] > 0, x[:, 0] <= 0], 1))
        >>> points = np.random.default_rng(0).normal(size=(20, 2))
        >>> figure = plots.decisions({"half": half}, points, [0] * 20, [0, 1])
        >>> [axes.get_title() for axes in figure.axes if axes.get_title()]
        ['half']
    """
    points, labels = np.asarray(points, "float32"), np.asarray(labels)
    low, high = points.min(axis=0) - 0.4, points.max(axis=0) + 0.4
    x, y = (np.linspace(low[axis], high[axis], FINE) for axis in range(2))
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype("float32")
    columns = min(COLUMNS, len(models))
    rows = -(-len(models) // columns)
    figure = empty(2.6 * columns, 2.1 * rows)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (title, model) in zip(panels, models.items(), strict=False):
        colors = _mixed(np.asarray(model.classify(grid), "float32")).reshape(FINE, FINE, 3)
        extent = (low[0], high[0], low[1], high[1])
        axes.imshow(colors, extent=extent, origin="lower", aspect="auto", interpolation="bilinear")
        axes.plot(*points.T, ".", color=MUTED, markersize=1.5, alpha=0.6)
        for row in labeled:
            color = CLASS_COLORS[labels[row] % len(CLASS_COLORS)]
            axes.plot(*points[row], "o", color=color, markeredgecolor=INK, markersize=6)
        axes.set_title(title, fontsize=9, color=INK)
    for axes in panels:
        axes.set_axis_off()
    figure.tight_layout()
    return figure


def _mixed(probabilities: np.ndarray) -> np.ndarray:
    """RGB (N, 3): white where no class is likelier than another, half its color where one is
    sure.
    """
    from matplotlib.colors import to_rgb

    classes = probabilities.shape[1]
    colors = np.array([to_rgb(CLASS_COLORS[c % len(CLASS_COLORS)]) for c in range(classes)])
    largest = probabilities.argmax(axis=1)
    sure = (probabilities.max(axis=1) - 1 / classes) / (1 - 1 / classes)  # 0..1
    return 1.0 - 0.5 * sure[:, None] * (1.0 - colors[largest])
