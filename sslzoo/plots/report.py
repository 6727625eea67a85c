"""Pictures of a page: curves, and PNG bytes that need no other file."""

import base64
from collections.abc import Sequence
from typing import Any

from sslzoo.plots.figure import ACCENT, GRID, INK, MUTED, empty, png

DPI = 170


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


def data_uri(image: bytes) -> str:
    """PNG bytes as the `src` of an `img`, so that a page needs no other file.

    >>> data_uri(b"")
    'data:image/png;base64,'
    """
    return "data:image/png;base64," + base64.b64encode(image).decode("ascii")
