"""Weighted nearest neighbors. This protocol needs no training and no tuning."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt

from sslzoo.checks import above, whole
from sslzoo.evaluate.encoders import encoded
from sslzoo.evaluate.nearest import nearest
from sslzoo.evaluate.record import evaluate_with_baselines
from sslzoo.evaluate.splits import Labeled, labeled_splits, needs
from sslzoo.rows import unit_rows

HEADLINES = [("accuracy", "%", "kNN, k {k}")]

# Neighbors where k is not given. 200 is Wu et al.'s and what papers report, of 5,000 items a class.
FEWEST, MOST = 20, 200
K_RULE = "not given: sqrt(8 x items of the smallest class), from 20 to 200"


def knn(
    model: Any,
    train: Labeled,
    test: Labeled,
    k: PositiveInt | None = None,
    temperature: PositiveFloat = 0.1,
    batch_size: PositiveInt = 256,
    baselines: bool = True,
    dry_run: bool = False,
) -> dict:
    """Accuracy of a weighted vote of the k nearest neighbors, on fixed features.

    Wu et al. 2018, "Unsupervised Feature Learning via Non-Parametric Instance Discrimination",
    arXiv:1805.01978: k 200, there T 0.07; T 0.1 is lightly's for ResNets. Features are
    L2-normalized, the k training items most similar by cosine vote with exp(similarity / T), the
    votes are summed per class. Of equally voted classes the lower one wins.

    Cost of 10,000 x 50,000 on two busy cores: 5 s at 64 dimensions; raw pixels of 32 x 32 x 3 take
    about a minute, nearly all of it one matrix product, and 750 MiB for the pixels themselves.

    Args:
        model: An object with `.encode(items, batch_size)`, which returns features (N, D). None: the
            items are features already.
        train, test: `sslzoo.data.Dataset` or (items, labels), labels (N,) integers.
        k: Neighbors that vote, at most len(train). None: by the size of the classes, see
            `default_k`.
        temperature: T.
        batch_size: Items to encode at once.
        baselines: Whether to also measure an untrained model and raw pixels (or values).
        dry_run: Check the arguments, measure nothing, and return {}.

    Returns:
        The record of `sslzoo.evaluate.record`.

    Raises:
        ValueError: no labels, nothing to evaluate, labels that do not match, data of another kind
            than the model reads, a setting out of range.

    >>> import numpy as np
    >>> features, labels = np.eye(4), [0, 1, 0, 1]
    >>> knn(None, (features, labels), (features + 0.1, labels), k=1)["accuracy"]
    1.0
    """
    if k is not None:
        whole("k", k, 1)
    above("temperature", temperature, 0)
    whole("batch_size", batch_size, 1)
    if model is not None:
        needs(model, "knn", "encode")
    train, test = labeled_splits(model, train, test, "knn")
    if dry_run:
        return {}
    chosen = default_k(train.labels) if k is None else int(k)
    used = min(chosen, len(train))

    def predict(encoder):
        bank = encoded(encoder, train.inputs, batch_size)
        queries = encoded(encoder, test.inputs, batch_size)
        labels = knn_predict(bank, train.labels, queries, used, temperature)
        return labels, {"feature_dim": bank.shape[1]}

    settings = {
        "k": used,
        "k_requested": None if k is None else int(k),
        "temperature": float(temperature),
        "similarity": "cosine",
    }
    if k is None:
        settings["k_rule"] = K_RULE
    return evaluate_with_baselines("knn", predict, model, train, test, settings, baselines)


def default_k(labels: NDArray) -> int:
    """How many neighbors vote where k is not given: sqrt(8 n), from 20 to 200, n the items of the
    smallest class.

    200 neighbors of 130 items a class are mostly of other classes. On CIFAR-10 with
    `simclr_resnet20.cifar10` this is within 0.9 % of the best k from 10 to 300 items a class
    (52.3 % with k 20 at 50, 57.3 % with k 50 at 300; k 200 has 50.8 % and 54.6 %), and gives the
    usual 200 at 5,000.

    >>> default_k(np.repeat([0, 1], 5000)), default_k(np.repeat([0, 1], [130, 300]))
    (200, 32)
    """
    smallest = np.unique(labels, return_counts=True)[1].min()
    return int(np.clip(round(np.sqrt(8 * smallest)), FEWEST, MOST))


def knn_predict(
    bank: NDArray, labels: NDArray, queries: NDArray, k: int, temperature: float
) -> NDArray:
    """The labels (Q,) that the k most similar rows vote for.

    Args:
        bank: (N, D), with labels (N,). queries: (Q, D).
        k: 1..N.

    >>> knn_predict(np.eye(2), np.array([3, 5]), np.array([[0.1, 1.0]]), 1, 0.1)
    array([5])
    """
    classes, numbers = np.unique(labels, return_inverse=True)
    winners = []
    for distances, rows in nearest(unit_rows(bank), unit_rows(queries), k):
        # Relative to the best, or exp(1 / 0.001) overflows; the winner is the same.
        squares = distances.astype("float64") ** 2
        weight = np.exp((squares[:, :1] - squares) / (2 * temperature))  # (q, k)
        cells = numbers[rows] + len(classes) * np.arange(len(rows))[:, None]
        votes = np.bincount(cells.ravel(), weight.ravel(), minlength=len(rows) * len(classes))
        winners.append(votes.reshape(len(rows), -1).argmax(axis=1))
    return classes[np.concatenate(winners)]
