"""Pictures as PNG bytes: maps, curves, images."""

import base64
from io import BytesIO

INK, MUTED, ACCENT = "#1f2933", "#7b8794", "#2a6f97"
# Ten classes that stay apart in print and for most colour-blind readers (Tableau 10, darkened a
# little).
CLASS_COLOURS = (
    *("#3a6ea5", "#e08214", "#4d9a51", "#c0392b", "#7d5ba6"),
    *("#8c6044", "#d16ba5", "#6b7280", "#b2a429", "#2aa5b3"),
)


def maps_png(panels, labels, classes):
    """2-D maps beside each other, points coloured by class.

    panels: [(title, points (N, 2))]. labels: (N,) integers into `classes` (names).
    """
    figure = _figure(3.9 * len(panels), 4.3)
    for number, (title, points) in enumerate(panels, start=1):
        axes = figure.add_subplot(1, len(panels), number)
        for label, name in enumerate(classes):
            rows = labels == label
            colour = CLASS_COLOURS[label % len(CLASS_COLOURS)]
            axes.scatter(*points[rows].T, s=15, color=colour, alpha=0.85, linewidths=0, label=name)
        axes.set_title(title, fontsize=11.5, color=INK, pad=10)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.margins(0.04)
        for spine in axes.spines.values():
            spine.set_color("#e4e7eb")
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(
        handles,
        names,
        loc="lower center",
        ncols=len(classes),
        frameon=False,
        fontsize=10.5,
        markerscale=1.9,
        handletextpad=0.1,
        columnspacing=1.3,
        labelcolor=INK,
    )
    figure.subplots_adjust(left=0.01, right=0.99, top=0.9, bottom=0.11, wspace=0.05)
    return _png(figure)


def curves_png(curves, xlabel):
    """Line plots beside each other; curves: [(title, x, y)]."""
    figure = _figure(5.6 * len(curves), 3.1)
    for number, (title, x, y) in enumerate(curves, start=1):
        axes = figure.add_subplot(1, len(curves), number)
        axes.plot(x, y, color=ACCENT, linewidth=1.8)
        axes.set_title(title, fontsize=11.5, color=INK, loc="left", pad=10)
        axes.set_xlabel(xlabel, fontsize=10, color=MUTED)
        axes.tick_params(colors=MUTED, labelsize=9.5, length=0)
        axes.grid(axis="y", color="#e4e7eb", linewidth=0.8)
        axes.set_axisbelow(True)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set_color("#cbd2d9")
    figure.tight_layout(w_pad=3)
    return _png(figure)


def image_png(pixels):
    """One image, uint8 (H, W) or (H, W, 3), as it is: a browser enlarges it."""
    from PIL import Image

    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def data_uri(png):
    """PNG bytes as the `src` of an `img`, so that a page needs no other file."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _figure(width, height):
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), facecolor="white")


def _png(figure):
    stream = BytesIO()
    figure.savefig(stream, format="png", dpi=170)
    return stream.getvalue()
