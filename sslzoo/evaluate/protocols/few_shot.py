"""Few-shot classification: what an embedding is worth for classes that it has never seen."""

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
from sslzoo.evaluate.splits import Labelled, labelled_split

HEADLINES = [("accuracy", "%", "{ways}-way {shots}-shot, unseen classes")]


def few_shot(
    model: Any,
    test: Labelled,
    ways: Annotated[int, Field(ge=2)] = 5,
    shots: PositiveInt = 1,
    queries: PositiveInt = 15,
    episodes: PositiveInt = 600,
    seed: NonNegativeInt = 0,
    similarity: Similarity = "cosine",
    batch_size: PositiveInt = 256,
    baselines: bool = True,
) -> dict:
    """Accuracy of the nearest class mean over N-way K-shot episodes, mean and 95 % interval over
    the episodes.

    In each episode a query is of the class whose support items have the nearest mean (Snell et al.
    2017, arXiv:1703.05175); with one shot that is the nearest support item. Nothing is trained and
    no query helps another: the protocol is not transductive. Of equally near classes the first one
    counts.

    Args:
        model: anything with `.encode(items, batch_size) -> (N, D)`. None: the items are features
            (N, D) already.
        test: `sslzoo.data.Dataset` or (items, labels) of classes that the model was not trained on.
        ways, shots, queries, episodes, seed: see `sslzoo.data.Episodes`.
        similarity: "cosine" (embeddings and class means at length 1) or "euclidean" (as they are).
        batch_size: items a chunk of the encoding.
        baselines: measure an untrained model and raw pixels (or values) too.

    Returns:
        The record of `sslzoo.evaluate.embeddings`: "accuracy", "confidence_95" = mean +- 1.96 s /
        sqrt(episodes).

    Raises:
        ValueError: no labels, too few classes, a class with fewer than shots + queries items, data
            of another kind than the model reads, a setting out of range.

    >>> import numpy as np
    >>> embeddings, labels = np.eye(2)[[0, 1] * 5], [0, 1] * 5
    >>> few_shot(None, (embeddings, labels), ways=2, queries=4, episodes=3)["accuracy"]
    1.0
    """
    check_embedding_settings(model, "few_shot", similarity, batch_size)
    test = labelled_split(model, test, "test", "few_shot")
    drawn = Episodes(test.labels, ways, shots, queries, episodes, seed)

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
