"""What the demo measures and draws of features."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sslzoo import evaluate
from sslzoo.data import Dataset
from sslzoo.plots.report import image_png


def measure(
    train_features: np.ndarray,
    test_features: np.ndarray,
    train: Dataset,
    test: Dataset,
    draws: int,
    labels_per_class: int,
    settings: dict[str, dict],
) -> dict[str, dict]:
    """Accuracies of kNN and of a linear probe with few labels, over several draws of the labeled
    images.

    Args:
        train_features, test_features: (N, D) of the images of `train` and `test`.
        draws: how often labels are drawn.
        labels_per_class: of each draw.
        settings: {"knn": ..., "linear_probe": ...} of the protocols.

    Returns:
        {protocol: {"mean", "std", "accuracies"}}.

    Example:
        >>> from sslzoo import data
        >>> from sslzoo.demo_figures import measure
        >>> digits = data.load("digits")
        >>> pixels = digits.images.reshape(len(digits), -1).astype("float32")
        >>> knn = {"knn": {"k": 5}, "linear_probe": {}}
        >>> row = measure(pixels, pixels, digits, digits, 1, 5, knn)
        >>> row["knn"]["mean"] > 0.5, row["knn"]["std"] == 0
        (True, True)
    """
    queries = _with_features(test, test_features)
    accuracies = {"knn": [], "linear_probe": []}
    for seed in range(draws):
        few = evaluate.labelled_subset(train.labels, per_class=labels_per_class, seed=seed)
        bank = _with_features(train.take(few), train_features[few])
        knn = evaluate.knn(None, bank, queries, baselines=False, **settings["knn"])
        probe = evaluate.linear_probe(
            None, bank, queries, baselines=False, seed=seed, **settings["linear_probe"]
        )
        accuracies["knn"].append(knn["accuracy"])
        accuracies["linear_probe"].append(probe["accuracy"])
    return {protocol: _spread(values) for protocol, values in accuracies.items()}


def _spread(values: list[float]) -> dict:
    mean, std = float(np.mean(values)), float(np.std(values))
    return {"mean": mean, "std": std, "accuracies": values}


def _with_features(dataset: Dataset, features: np.ndarray) -> Dataset:
    """A data set of features instead of its images."""
    return Dataset(features, dataset.labels, dataset.classes, dataset.name, dataset.split)


def neighbours(
    bank: np.ndarray,
    queries: np.ndarray,
    bank_labels: Any,
    query_labels: Any,
    count: int,
    leave_out_self: bool = False,
) -> dict:
    """The `count` rows of bank (N, D) most similar by cosine to each of queries (Q, D).

    Args:
        bank_labels, query_labels: (N,) and (Q,).
        leave_out_self: bank and queries are the same rows.

    Returns:
        {"rows": [(indices, same label?)] of each query, "agreement": share of neighbors with the
        query's label}.

    Example:
        >>> import numpy as np
        >>> from sslzoo.demo_figures import neighbours
        >>> rows = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.1]])
        >>> neighbours(rows, rows, [0, 1, 0], [0, 1, 0], 1, leave_out_self=True)["rows"][0][0]
        array([2])
    """
    bank = bank / np.linalg.norm(bank, axis=1, keepdims=True)
    queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    similarity = queries @ bank.T  # (Q, N)
    if leave_out_self:
        np.fill_diagonal(similarity, -np.inf)
    nearest = np.argsort(-similarity, axis=1, kind="stable")[:, :count]  # (Q, count)
    same = np.asarray(bank_labels)[nearest] == np.asarray(query_labels)[:, None]
    return {"rows": list(zip(nearest, same, strict=True)), "agreement": float(same.mean())}


def map_2d(features: np.ndarray) -> np.ndarray:
    """(N, D) -> (N, 2) by t-SNE, standardized. N above 30.

    Example:
        >>> import numpy as np
        >>> from sslzoo.demo_figures import map_2d
        >>> map_2d(np.random.default_rng(0).normal(size=(40, 3))).shape
        (40, 2)
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    # its threads spin while they wait: minutes instead of seconds on a busy machine
    with threadpool_limits(1):
        points = TSNE(perplexity=30, init="pca", random_state=0).fit_transform(features)
    return (points - points.mean(axis=0)) / points.std(axis=0)


def finite(features: np.ndarray, count: int) -> bool:
    """Whether there are `count` finite rows that are not all alike.

    Example:
        >>> import numpy as np
        >>> from sslzoo.demo_figures import finite
        >>> finite(np.eye(3), 3), finite(np.ones((3, 3)), 3)
        (True, False)
    """
    spread = np.isfinite(features).all() and features.std(axis=0).max() > 0
    return len(features) == count and bool(spread)


def curves(further: dict) -> list[tuple]:
    """[(title, steps, values)] of the training's loss and effective rank, epoch by epoch.

    Example:
        >>> from sslzoo.demo_figures import curves
        >>> further = {"steps_per_epoch": 5, "loss": [2.0, 1.0], "effective_rank": [3.0, 4.0]}
        >>> curves(further | {"dimensions": 64})[0]
        ('NT-Xent loss, mean of each epoch', [5, 10], [2.0, 1.0])
    """
    steps = [further["steps_per_epoch"] * (epoch + 1) for epoch in range(len(further["loss"]))]
    rank = f"effective rank of the {further['dimensions']} features"
    return [
        ("NT-Xent loss, mean of each epoch", steps, further["loss"]),
        (rank, steps, further["effective_rank"]),
    ]


def picture_rows(
    queries: Sequence[int], nearest: dict, query_images: np.ndarray, bank_images: np.ndarray
) -> list[tuple]:
    """[(query PNG, [(neighbor PNG, same class?)])] for the page.

    Args:
        queries: row numbers.
        nearest: as of `neighbours`.

    Example:
        >>> import numpy as np
        >>> from sslzoo.demo_figures import picture_rows
        >>> images = np.zeros((2, 8, 8), "uint8")
        >>> [(query, row)] = picture_rows([0], {"rows": [([1], [True])]}, images, images)
        >>> query[1:4], row[0][1]
        (b'PNG', True)
    """
    rows = []
    for query in queries:
        indices, same = nearest["rows"][query]
        pictures = [image_png(bank_images[index]) for index in indices]
        rows.append((image_png(query_images[query]), list(zip(pictures, same, strict=True))))
    return rows
