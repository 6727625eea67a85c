"""Few-shot accuracy against a loop over queries and classes."""

import json

import numpy as np
import pytest

from sslzoo.data import Episodes
from sslzoo.evaluate import few_shot


def naive(embeddings, labels, episodes, similarity):
    accuracies = []
    for episode in episodes:
        right = 0
        for way, queries in enumerate(episode.query):
            for query in queries:
                scores = []
                for support in episode.support:
                    rows = [embeddings[row].astype("float64") for row in support]
                    if similarity == "cosine":
                        mean = sum(row / np.linalg.norm(row) for row in rows) / len(rows)
                        scores.append(embeddings[query] @ mean / np.linalg.norm(mean))
                    else:
                        scores.append(-np.linalg.norm(embeddings[query] - sum(rows) / len(rows)))
                right += int(np.argmax(scores)) == way
        accuracies.append(right / episode.query.size)
    return float(np.mean(accuracies))


@pytest.mark.parametrize("similarity", ["cosine", "euclidean"])
@pytest.mark.parametrize(("ways", "shots", "queries"), [(5, 1, 3), (3, 4, 2), (10, 1, 1)])
def test_equals_the_loop(digits, projection, similarity, ways, shots, queries):
    _, test = digits
    embeddings = projection.encode(test.images)
    record = few_shot(
        projection,
        test,
        ways,
        shots,
        queries,
        episodes=20,
        seed=3,
        similarity=similarity,
        baselines=False,
    )
    episodes = Episodes(test.labels, ways, shots, queries, 20, 3)
    assert record["accuracy"] == pytest.approx(
        naive(embeddings, test.labels, episodes, similarity), abs=1e-12
    )


def test_chance_for_embeddings_that_know_nothing_and_for_those_that_collapsed():
    labels = np.repeat(np.arange(8), 6)
    noise = np.random.default_rng(0).normal(size=(48, 16)).astype("float32")
    known, constant = np.eye(8, dtype="float32")[labels], np.ones((48, 4), "float32")
    accuracy = {}
    for name, embeddings in {"noise": noise, "known": known, "constant": constant}.items():
        accuracy[name] = few_shot(None, (embeddings, labels), 4, 1, 5, episodes=300)["accuracy"]
    assert accuracy["known"] == 1 and accuracy["constant"] == 0.25
    assert accuracy["noise"] == pytest.approx(0.25, abs=0.03)


def test_record_says_what_was_measured(digits, projection):
    _, test = digits
    record = few_shot(projection, test, ways=5, shots=1, queries=5, episodes=40)
    assert json.loads(json.dumps(record)) == record
    settings = record["settings"]
    assert (settings["ways"], settings["shots"], settings["queries"], settings["episodes"]) == (
        5,
        1,
        5,
        40,
    )
    assert (settings["test_name"], settings["test_split"], settings["n_classes"]) == (
        "digits",
        "test",
        10,
    )
    assert settings["similarity"] == "cosine" and settings["transductive"] is False
    low, high = record["confidence_95"]
    assert low < record["accuracy"] < high
    assert record["baselines"] == {
        "untrained_encoder": few_shot(projection.untrained(), test, 5, 1, 5, 40, baselines=False)[
            "accuracy"
        ],
        "raw_pixels": few_shot(
            None, (test.images.reshape(-1, 64) / 255.0, test.labels), 5, 1, 5, 40
        )["accuracy"],
    }


class Untouchable:
    """A model whose encode would show that work began."""

    def encode(self, images, batch_size=256):
        raise AssertionError("encode was called")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ways": 11}, "ways: got 11"),
        ({"queries": 300}, "queries: got .*300"),
        ({"similarity": "dot"}, "similarity: got 'dot'; it must be one of 'cosine'"),
    ],
)
def test_refused_before_any_image_is_encoded(digits, options, message):
    with pytest.raises(ValueError, match=message):
        few_shot(Untouchable(), digits[1], **options)
