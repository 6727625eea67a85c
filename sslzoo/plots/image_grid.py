"""Images in columns or rows, each with a title."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from sslzoo.plots.figure import INK, empty


def image_columns(columns: Sequence[tuple[str, NDArray]], side: float = 1.5) -> Any:
    """A column of images for each title.

    Args:
        columns: [(title, images (N, H, W, C) of values in 0..1)], each of as many images.
        side: Of an image, in inches.

    Returns:
        A figure of matplotlib.

    >>> import numpy as np
    >>> figure = image_columns([("given", np.zeros((2, 8, 8, 1)))])
    >>> [axes.get_title() for axes in figure.axes]
    ['given', '']
    """
    count = len(columns[0][1])
    figure = empty(side * len(columns), side * count + 0.3)
    grid = figure.subplots(count, len(columns), squeeze=False)
    for column, (name, images) in zip(grid.T, columns, strict=True):
        column[0].set_title(name, fontsize=10, color=INK)
        _show(column, images)
    figure.tight_layout(w_pad=0.4, h_pad=0.4)
    return figure


def image_rows(rows: Sequence[tuple[str, NDArray]], side: float = 1.0) -> Any:
    """A row of images for each title. Otherwise as `image_columns`.

    >>> import numpy as np
    >>> figure = image_rows([("given", np.zeros((2, 8, 8, 1)))])
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['given', '']
    """
    count = len(rows[0][1])
    figure = empty(side * count + 0.3, side * len(rows))
    grid = figure.subplots(len(rows), count, squeeze=False)
    for row, (name, images) in zip(grid, rows, strict=True):
        row[0].set_ylabel(name, fontsize=10, color=INK)
        _show(row, images)
    figure.tight_layout(w_pad=0.3, h_pad=0.3)
    return figure


def _show(places: Any, images: NDArray) -> None:
    for axes, image in zip(places, images, strict=True):
        image = image[..., 0] if image.shape[-1] == 1 else image
        axes.imshow(image, cmap="gray", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
