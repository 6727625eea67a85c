"""Few-shot classification: what an embedding is worth for classes that it has never seen."""

import numpy as np

from sslzoo.data.episodes import Episodes
from sslzoo.evaluate.embeddings import (
    comparable,
    embedding_record,
    normal_interval,
    squared_distances,
)
from sslzoo.evaluate.features import labelled_split


def few_shot(
    model,
    test,
    ways=5,
    shots=1,
    queries=15,
    episodes=600,
    seed=0,
    similarity="cosine",
    batch_size=256,
    baselines=True,
):
    """Accuracy of the nearest class mean over N-way K-shot episodes, mean and 95 % interval over
    the episodes.

    In each episode (see `sslzoo.data.Episodes`) a query is of the class whose support images have
    the nearest mean (Snell et al. 2017, arXiv:1703.05175); with one shot that is the nearest
    support image. Nothing is trained and no query
    helps another: the protocol is not transductive. Of equally near classes the first one counts.

    model: anything with `.encode(images, batch_size) -> (N, D)`, or None if the images are features
    (N, D) already.
    test: `sslzoo.data.Dataset` or (images, labels) of classes that the model was not trained on.
    similarity: "cosine" (embeddings and class means at length 1) or "euclidean" (as they are).
    Returns the record of `sslzoo.evaluate.embeddings`: "accuracy", "confidence_95" = mean +- 1.96 s
    / sqrt(episodes). ValueError: no labels, too few classes, or a class with fewer than shots +
    queries images.
    """
    test = labelled_split(test, "test", "few_shot")
    drawn = Episodes(test.labels, ways, shots, queries, episodes, seed)
    comparable(np.zeros((1, 1)), similarity)  # an unknown one is refused before the encoding

    def measure(embeddings):
        accuracies = [episode_accuracy(embeddings, episode, similarity) for episode in drawn]
        return {
            "accuracy": float(np.mean(accuracies)),
            "confidence_95": normal_interval(accuracies),
        }

    settings = {
        "ways": ways,
        "shots": shots,
        "queries": queries,
        "episodes": episodes,
        "seed": seed,
        "similarity": similarity,
    }
    settings |= {"n_classes": len(drawn.labels), "transductive": False}
    return embedding_record("few_shot", measure, model, test, settings, batch_size, baselines)


def episode_accuracy(embeddings, episode, similarity):
    """The share of queries of one episode that are nearest to their own class, of embeddings (N, D)
    of the whole set.
    """
    support = comparable(embeddings[episode.support], similarity)
    means = comparable(support.mean(axis=1), similarity)
    queries = comparable(embeddings[episode.query], similarity)
    nearest = squared_distances(queries.reshape(-1, queries.shape[-1]), means).argmin(axis=1)
    return float((nearest.reshape(episode.query.shape) == np.arange(len(means))[:, None]).mean())
