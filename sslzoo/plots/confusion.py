"""Which classes are taken for which: a confusion matrix."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sslzoo.checks import check_labels, refused
from sslzoo.plots.embeddings import class_name
from sslzoo.plots.figure import INK, MUTED, empty

MOST_NUMBERS = 20  # classes; the numbers of more cannot be read
MOST_NAMES = 60


def confusion_matrix(
    labels: ArrayLike, predictions: ArrayLike, classes: Sequence[str] | None = None
) -> Any:
    """A confusion matrix. Each row shows how the items of a true class were classified.

    Args:
        labels: (N,) integers, the true classes.
        predictions: (N,) integers, or scores (N, C) such as `model.classify` gives.
        classes: the name of each label.

    Returns:
        A figure of matplotlib. Shares are in percent; those below 0.5 % are left blank. A class
        without an item, true or predicted, has no row.

    Raises:
        ValueError: There is no item, labels and predictions have different lengths, or a class has
            no name.

    >>> from sslzoo import plots
    >>> figure = plots.confusion_matrix([0, 0, 1], [0, 1, 1], ["cat", "dog"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['50', '50', '100']
    """
    from sklearn import metrics

    predictions = np.asarray(predictions)
    if predictions.ndim == 2 and predictions.shape[1] > 1:
        predictions = predictions.argmax(axis=1)
    labels = check_labels(labels, len(predictions), classes)
    predictions = check_labels(predictions, len(labels), classes, "predictions")
    if not len(labels):
        raise refused("labels", "none", "be one or more")
    present = np.union1d(labels, predictions)
    counts = metrics.confusion_matrix(labels, predictions, labels=present)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [class_name(label, classes) for label in present]
    right = float((labels == predictions).mean())
    return _drawn(shares, names, f"{100 * right:.1f} % of {len(labels):,} right")


def _drawn(shares, names, title):
    side = float(np.clip(0.42 * len(names), 3.2, 9))
    figure = empty(side + 1.6, side + 1.4)
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(names) <= MOST_NUMBERS:
        _write(axes, shares)
    places = range(len(names)) if len(names) <= MOST_NAMES else []
    shown = [names[place] for place in places]
    size = float(np.clip(190 / len(names), 4.5, 10))
    turned = 90 if max(map(len, names)) > 3 else 0
    axes.set_xticks(places, shown, rotation=turned, fontsize=size)
    axes.set_yticks(places, shown, fontsize=size)
    axes.tick_params(colors=INK, length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("predicted", color=MUTED)
    axes.set_ylabel("true", color=MUTED)
    axes.set_title(title, fontsize=11.5, color=INK, loc="left", pad=10)
    figure.tight_layout()
    return figure


def _write(axes, shares):
    size = 9.5 if len(shares) <= 10 else 7.5
    for (true, predicted), share in np.ndenumerate(shares):
        if share >= 0.005:
            color = "white" if share > 0.6 else INK
            look = {"ha": "center", "va": "center", "fontsize": size, "color": color}
            axes.text(predicted, true, f"{100 * share:.0f}", **look)
