"""Few-shot classification of classes that the model has never seen."""

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveInt

from sslzoo.data import Episode, Episodes
from sslzoo.evaluate.embeddings import (
    Similarity,
    check_embedding_settings,
    comparable,
    embedding_record,
    squared_distances,
)
from sslzoo.evaluate.record import normal_interval
from sslzoo.evaluate.splits import Labeled, labeled_split

HEADLINES = [("accuracy", "%", "{ways}-way {shots}-shot, unseen classes")]


def few_shot(
    model: Any,
    test: Labeled,
    ways: Annotated[int, Field(ge=2)] = 5,
    shots: PositiveInt = 1,
    queries: PositiveInt = 15,
    episodes: PositiveInt = 600,
    seed: NonNegativeInt = 0,
    similarity: Similarity = "cosine",
    batch_size: PositiveInt = 256,
    baselines: bool = True,
    dry_run: bool = False,
) -> dict:
    """Accuracy of nearest class means in N-way K-shot episodes.

    The figure is the mean over all episodes, with its 95 % interval.

    A query gets the class whose support items have the nearest mean (Snell et al. 2017,
    arXiv:1703.05175). With one shot that is the nearest support item. Nothing is trained. No query
    helps another, so the protocol is not transductive. Of equally near classes, the first one
    counts.

    Args:
        model: An object with `.encode(items, batch_size)`, which returns features (N, D). None: the
            items are features already.
        test: `sslzoo.data.Dataset` or (items, labels), of classes that the model was not trained
            on.
        ways, shots, queries, episodes, seed: See `sslzoo.data.Episodes`.
        similarity: "cosine" scales embeddings and class means to length 1. "euclidean" takes them
            as they are.
        batch_size: Items to encode at once.
        baselines: Whether to also measure an untrained model and raw pixels (or values).
        dry_run: Check the arguments, measure nothing, and return {}.

    Returns:
        The record of `sslzoo.evaluate.embeddings`: "accuracy", "confidence_95" = mean +- 1.96 s /
        sqrt(episodes).

    Raises:
        ValueError: The data have no labels, too few classes or too few items of a class, the model
            does not read them, or a setting is out of range.

    >>> import numpy as np
    >>> embeddings, labels = np.eye(2)[[0, 1] * 5], [0, 1] * 5
    >>> few_shot(None, (embeddings, labels), ways=2, queries=4, episodes=3)["accuracy"]
    1.0
    """
    check_embedding_settings(model, "few_shot", similarity, batch_size)
    test = labeled_split(model, test, "test", "few_shot")
    drawn = Episodes(test.labels, ways, shots, queries, episodes, seed)
    if dry_run:
        return {}

    def measure(embeddings):
        accuracies = [episode_accuracy(embeddings, episode, similarity) for episode in drawn]
        mean, interval = float(np.mean(accuracies)), normal_interval(accuracies)
        return {"accuracy": mean, "confidence_95": interval}

    settings = {
        "ways": ways,
        "shots": shots,
        "queries": queries,
        "episodes": episodes,
        "seed": seed,
        "similarity": similarity,
        "n_classes": len(drawn.labels),
        "transductive": False,
    }
    return embedding_record("few_shot", measure, model, test, settings, batch_size, baselines)


def episode_accuracy(embeddings: NDArray, episode: Episode, similarity: Similarity) -> float:
    """The share of queries of one episode that are nearest to their own class.

    Args:
        embeddings: (N, D) of the whole set.

    >>> episode = Episode(np.array([0, 1]), np.array([[0], [1]]), np.array([[2], [3]]))
    >>> episode_accuracy(np.eye(2)[[0, 1, 0, 0]], episode, "cosine")
    0.5
    """
    support = comparable(embeddings[episode.support], similarity)  # (ways, shots, D)
    means = comparable(support.mean(axis=1), similarity)  # (ways, D)
    queries = comparable(embeddings[episode.query], similarity)  # (ways, queries, D)
    distances = squared_distances(queries.reshape(-1, queries.shape[-1]), means)
    nearest = distances.argmin(axis=1).reshape(episode.query.shape)  # (ways, queries)
    return float((nearest == np.arange(len(means))[:, None]).mean())
