"""What the pictures share: colors, an empty figure, and its bytes."""

from io import BytesIO
from typing import Any

INK, MUTED = "#1f2933", "#7b8794"
ACCENT = "#2a6f97"
RIGHT, WRONG = "#2e8b57", "#c0392b"
GRID = "#e4e7eb"
# Ten classes that stay apart in print and for most color-blind readers (Tableau 10, darkened a
# little).
CLASS_COLORS = (
    *("#3a6ea5", "#e08214", "#4d9a51", "#c0392b", "#7d5ba6"),
    *("#8c6044", "#d16ba5", "#6b7280", "#b2a429", "#2aa5b3"),
)


def empty(width: float, height: float) -> Any:
    """A white figure of matplotlib, in inches. No window is opened for it.

    >>> empty(4, 3).get_size_inches().tolist()
    [4.0, 3.0]
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), facecolor="white")


def png(figure: Any, dpi: int = 150) -> bytes:
    """The figure as PNG.

    >>> png(empty(1, 1))[1:4]
    b'PNG'
    """
    stream = BytesIO()
    figure.savefig(stream, format="png", dpi=dpi)
    return stream.getvalue()
