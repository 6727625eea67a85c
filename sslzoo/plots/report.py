"""Pictures of the demo's report as PNG bytes: maps, curves, images."""

import base64
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from sslzoo.plots.figure import ACCENT, CLASS_COLORS, GRID, INK, MUTED, empty, png

DPI = 170


def maps_png(panels: Sequence[tuple[str, Any]], labels: Any, classes: Sequence[str]) -> bytes:
    """2-D maps beside each other, points colored by class.

    Args:
        panels: [(title, points (N, 2))].
        labels: (N,) integers into `classes`, the names.

    >>> import numpy as np
    >>> maps_png([("map", np.eye(2))], np.array([0, 1]), ["cat", "dog"])[1:4]
    b'PNG'
    """
    figure = empty(3.9 * len(panels), 4.3)
    for number, (title, points) in enumerate(panels, start=1):
        axes = figure.add_subplot(1, len(panels), number)
        _draw_map(axes, points, labels, classes)
        axes.set_title(title, fontsize=11.5, color=INK, pad=10)
    handles, names = figure.axes[0].get_legend_handles_labels()
    look = {"frameon": False, "fontsize": 10.5, "markerscale": 1.9, "labelcolor": INK}
    look |= {"handletextpad": 0.1, "columnspacing": 1.3}
    figure.legend(handles, names, loc="lower center", ncols=len(classes), **look)
    figure.subplots_adjust(left=0.01, right=0.99, top=0.9, bottom=0.11, wspace=0.05)
    return png(figure, DPI)


def curves_png(curves: Sequence[tuple[str, Any, Any]], xlabel: str) -> bytes:
    """Line plots beside each other.

    Args:
        curves: [(title, x, y)].

    >>> curves_png([("loss", [1, 2], [0.5, 0.25])], "epoch")[1:4]
    b'PNG'
    """
    figure = empty(5.6 * len(curves), 3.1)
    for number, (title, x, y) in enumerate(curves, start=1):
        axes = figure.add_subplot(1, len(curves), number)
        axes.plot(x, y, color=ACCENT, linewidth=1.8)
        axes.set_title(title, fontsize=11.5, color=INK, loc="left", pad=10)
        axes.set_xlabel(xlabel, fontsize=10, color=MUTED)
        axes.tick_params(colors=MUTED, labelsize=9.5, length=0)
        axes.grid(axis="y", color=GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set_color("#cbd2d9")
    figure.tight_layout(w_pad=3)
    return png(figure, DPI)


def image_png(pixels: Any) -> bytes:
    """One image, uint8 (H, W) or (H, W, 3), as it is: a browser enlarges it.

    >>> import numpy as np
    >>> image_png(np.zeros((8, 8, 3), "uint8"))[1:4]
    b'PNG'
    """
    from PIL import Image

    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def data_uri(image: bytes) -> str:
    """PNG bytes as the `src` of an `img`, so that a page needs no other file.

    >>> data_uri(b"")
    'data:image/png;base64,'
    """
    return "data:image/png;base64," + base64.b64encode(image).decode("ascii")


def _draw_map(axes, points, labels, classes):
    for label, name in enumerate(classes):
        x, y = points[labels == label].T
        color = CLASS_COLORS[label % len(CLASS_COLORS)]
        axes.scatter(x, y, s=15, color=color, alpha=0.85, linewidths=0, label=name)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.margins(0.04)
    for spine in axes.spines.values():
        spine.set_color(GRID)
