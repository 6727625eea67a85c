"""A map of embeddings. Items that the model finds similar are near each other."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks import check_labels, one_of, refused
from sslzoo.evaluate.encoders import encoded
from sslzoo.plots.figure import CLASS_COLORS, GRID, INK, empty

MethodOfMap = Literal["tsne", "pca", "umap"]
NAMES = {"tsne": "t-SNE", "pca": "PCA", "umap": "UMAP"}
MARKERS = "osD^vPX*"  # ten colors in eight shapes: 80 classes stay apart
MOST_CLASSES = len(MARKERS) * len(CLASS_COLORS)
MOST_POINTS = 2_000  # more hide each other, and t-SNE of 2,000 takes half a minute
LEGEND_ROWS = 20
FEWEST_SPECTRAL = 4  # rows: UMAP's usual start needs three eigenvectors beside the constant one


def embedding_map(
    features: ArrayLike,
    labels: ArrayLike | None = None,
    classes: Sequence[str] | None = None,
    method: MethodOfMap = "tsne",
    seed: int = 0,
) -> Any:
    """A map of embeddings, colored by class.

    Args:
        features: (N, D) from `model.encode`, at least 3 rows. Of more than 2,000 rows, a random
            2,000 are shown.
        labels: (N,) integers, or None for points of one color.
        classes: The name of each label.
        method: "tsne" keeps neighbors together. Distances between groups then mean nothing. "pca"
            shows the two directions of largest variance, and is fast. "umap" (`pip install
            sslzoo[umap]`) keeps neighbors together as t-SNE does, and more of the large picture.
        seed: Random seed of the map and of the choice of rows.

    Returns:
        A figure of matplotlib. Each class has its own color and shape, up to 80 classes.

    Raises:
        ValueError: The features are not (N, D), too few or not finite, or the labels do not match.
        ModuleNotFoundError: umap-learn is missing for "umap".

    >>> from sslzoo import plots
    >>> features = np.random.default_rng(0).normal(size=(40, 3))
    >>> figure = plots.embedding_map(features, [0, 1] * 20, ["cat", "dog"])
    >>> figure.axes[0].get_title(loc="left")
    't-SNE of 40 embeddings'
    """
    one_of("method", method, get_args(MethodOfMap))
    features = encoded(None, np.asarray(features))
    count = len(features)
    if labels is not None:
        labels = check_labels(labels, count, classes)
    if count > MOST_POINTS:
        shown = np.sort(np.random.default_rng(seed).choice(count, MOST_POINTS, replace=False))
        features = features[shown]
        labels = None if labels is None else labels[shown]
    figure = empty(7.5, 5.5)
    axes = figure.add_subplot()
    draw_map(axes, map_2d(features, method, seed), labels, classes)
    drawn = f"{len(features):,} of {count:,}" if count > MOST_POINTS else f"{count:,}"
    title = f"{NAMES[method]} of {drawn} embeddings"
    axes.set_title(title, fontsize=11.5, color=INK, loc="left", pad=10)
    if labels is not None:
        _legend(axes, len(np.unique(labels)))
    figure.tight_layout()
    return figure


def map_2d(features: NDArray, method: MethodOfMap = "tsne", seed: int = 0) -> NDArray[np.float32]:
    """(N, D) -> (N, 2), standardized. N at least 3.

    >>> map_2d(np.random.default_rng(0).normal(size=(40, 3))).shape
    (40, 2)
    """
    if len(features) < 3:
        raise refused("features", f"{len(features)} rows", "have at least 3 for a map")
    if features.shape[1] == 1:
        features = np.pad(features, ((0, 0), (0, 1)))
    points = _MAPS[method](features, seed)
    spread = np.maximum(points.std(axis=0), np.finfo("float32").tiny)
    return (points - points.mean(axis=0)) / spread


def _pca(features, seed):
    from sklearn.decomposition import PCA

    return PCA(2, random_state=seed).fit_transform(features)


def _tsne(features, seed):
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    perplexity = min(30.0, (len(features) - 1) / 3)
    # Its threads spin while they wait: minutes instead of seconds on a busy machine.
    with threadpool_limits(1):
        mapped = TSNE(perplexity=perplexity, init="pca", random_state=seed)
        return mapped.fit_transform(features)


def _umap(features, seed):
    """McInnes et al. 2018, arXiv:1802.03426, with the defaults of umap-learn."""
    try:
        from umap import UMAP
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("This map needs UMAP: pip install sslzoo[umap].") from error

    count = len(features)
    mapped = UMAP(
        n_neighbors=min(15, count - 1),
        init="random" if count < FEWEST_SPECTRAL else "spectral",
        random_state=seed,
        n_jobs=1,  # with a seed it has one thread, and warns of any other number
    )
    return mapped.fit_transform(features)


_MAPS = {"tsne": _tsne, "pca": _pca, "umap": _umap}


def draw_map(
    axes: Any, points: NDArray, labels: NDArray | None, classes: Sequence[str] | None
) -> None:
    """Points (N, 2) on axes of matplotlib, colored by class, without ticks.

    >>> axes = empty(3, 3).add_subplot()
    >>> draw_map(axes, np.eye(2), np.array([0, 1]), ["cat", "dog"])
    >>> axes.get_legend_handles_labels()[1]
    ['cat', 'dog']
    """
    size = float(np.clip(12_000 / len(points), 10, 40))
    numbers = np.zeros(len(points), int) if labels is None else labels
    shown = np.unique(numbers) if classes is None else range(len(classes))
    for place, label in enumerate(shown):  # a named class has the same color in every map
        x, y = points[numbers == label].T
        if not len(x):
            continue
        color = CLASS_COLORS[place % len(CLASS_COLORS)]
        marker = MARKERS[place // len(CLASS_COLORS) % len(MARKERS)]
        look = {"s": size, "alpha": 0.85, "linewidths": 0, "marker": marker}
        axes.scatter(x, y, color=color, label=class_name(label, classes), **look)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.margins(0.04)
    for spine in axes.spines.values():
        spine.set_color(GRID)


def class_name(label: int, classes: Sequence[str] | None) -> str:
    """The name of a class, or its number where there are no names.

    >>> class_name(1, ["cat", "dog"]), class_name(7, None)
    ('dog', '7')
    """
    return str(label) if classes is None else str(classes[label])


def _legend(axes, count):
    """Beside the map; of more classes than stay apart, a sentence."""
    if count > MOST_CLASSES:
        note = f"{count} classes, colors repeat"
        axes.set_xlabel(note, fontsize=10, color=INK)
        return
    columns = -(-count // LEGEND_ROWS)
    look = {"frameon": False, "fontsize": 10, "labelcolor": INK, "handletextpad": 0.2}
    place = {"loc": "center left", "bbox_to_anchor": (1, 0.5), "ncols": columns}
    legend = axes.legend(**place, **look)
    for handle in legend.legend_handles:
        handle.set_sizes([40])
