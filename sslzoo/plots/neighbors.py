"""An image and its nearest neighbors among others."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks import refused, whole
from sslzoo.data import Dataset
from sslzoo.evaluate.encoders import encoded
from sslzoo.evaluate.nearest import nearest, without
from sslzoo.plots.embeddings import class_name
from sslzoo.plots.figure import INK, MUTED, RIGHT, WRONG, empty
from sslzoo.rows import unit_rows

FRAME = 2.5  # points


def nearest_neighbors(
    data: Dataset,
    features: ArrayLike,
    rows: Sequence[int] = range(6),
    count: int = 8,
    bank: Dataset | None = None,
    bank_features: ArrayLike | None = None,
) -> Any:
    """Images of `data`, each with its nearest neighbors by cosine.

    Where both have labels, a neighbor of the same class has a green frame and one of another class
    a red dashed one.

    Args:
        data: Images, with or without labels.
        features: (N, D), the features of `data` from `model.encode(data)`.
        rows: Rows of `data` that are the queries.
        count: Number of neighbors of each query.
        bank, bank_features: Another data set to search, and its features. None: the other images of
            `data`.

    Returns:
        A figure of matplotlib: a row for each query.

    Raises:
        ValueError: The data have no images, the features have another length, or `rows` or `count`
            is out of range.

    >>> from sslzoo import plots
    >>> data = Dataset(np.zeros((5, 8, 8), "uint8"), labels=[0, 0, 1, 1, 1], classes=["a", "b"])
    >>> figure = plots.nearest_neighbors(data, np.eye(5), rows=[0, 2], count=3)
    >>> len(figure.axes), figure.axes[0].get_title()
    (8, 'a')
    """
    if (bank is None) != (bank_features is None):
        raise refused("bank", "one of bank and bank_features", "be given with the other, or not")
    searched = data if bank is None else bank
    features = _checked(data, features, "features")
    others = features if bank is None else _checked(bank, bank_features, "bank_features")
    if others.shape[1] != features.shape[1]:
        needed = f"have {features.shape[1]} columns as features have"
        raise refused("bank_features", f"shape {others.shape}", needed)
    rows = np.array([whole("rows", row, 0, len(data) - 1) for row in rows], int)
    if not len(rows):
        raise refused("rows", "none", "name at least one image")
    whole("count", count, 1, len(searched) - (bank is None))
    found, _ = neighbors(others, features[rows], count, rows if bank is None else None)
    return _drawn(data, rows, searched, found)


def neighbors(
    bank: NDArray, queries: NDArray, count: int, own: NDArray | None = None
) -> tuple[NDArray[np.int64], NDArray]:
    """The `count` rows of bank (N, D) most similar by cosine to each of queries (Q, D).

    Args:
        own: (Q,) the row of bank that each query is itself; it is left out. None: none is.

    Returns:
        (rows, similarities), both (Q, count), the most similar first.

    >>> bank = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.1]])
    >>> neighbors(bank, bank[:1], 1, own=np.array([0]))[0]
    array([[2]])
    """
    more = 0 if own is None else 1
    parts = list(nearest(unit_rows(bank), unit_rows(queries), count + more))
    distances, rows = (np.concatenate(part) for part in zip(*parts, strict=True))
    if own is not None:
        other = without(rows, own)
        rows = rows[other].reshape(len(rows), -1)
        distances = distances[other].reshape(len(rows), -1)
    return rows, 1 - distances**2 / 2


def _checked(data: Dataset, features: Any, name: str) -> NDArray:
    if data.field != "images":
        raise refused("data", data.field, "hold images, which are shown")
    features = encoded(None, np.asarray(features))
    if len(features) != len(data):
        raise refused(name, f"{len(features)} rows for {len(data)} images", "be one per image")
    return features


def _drawn(data: Dataset, rows: NDArray, bank: Dataset, found: NDArray) -> Any:
    lines, columns = len(rows), found.shape[1] + 1
    figure = empty(1.1 * columns + 0.3, 1.3 * lines + 0.2)
    grid = figure.subplots(lines, columns, squeeze=False)
    compared = data.labels is not None and bank.labels is not None
    for line, row in enumerate(rows):
        _show(grid[line, 0], data, row)
        grid[line, 0].set_ylabel("query", fontsize=9, color=MUTED)
        for axes, other in zip(grid[line, 1:], found[line], strict=True):
            _show(axes, bank, other)
            if compared:
                _frame(axes, data.labels[row] == bank.labels[other])
    figure.tight_layout(w_pad=0.4, h_pad=0.8)
    return figure


def _show(axes, data, row):
    image = np.asarray(data.images[[row]])[0]
    image = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
    white = 255 if image.dtype.kind in "iu" else 1.0
    axes.imshow(image, cmap="gray", vmin=0, vmax=white)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    if data.labels is not None:
        name = class_name(data.labels[row], data.classes)
        axes.set_title(_short(name), fontsize=8.5, color=INK, pad=4)


def _frame(axes, same):
    """Color and dashes, so that nobody has to tell red from green."""
    axes.spines[:].set(visible=True, linewidth=FRAME, color=RIGHT if same else WRONG)
    axes.spines[:].set(linestyle="-" if same else (0, (2, 1.2)), capstyle="butt")


def _short(name):
    return name if len(name) <= 14 else name[:13] + "…"
