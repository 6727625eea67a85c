"""Weighted kNN against a double loop over the formula of Wu et al. 2018."""

import json
import math
import tracemalloc

import numpy as np
import pytest

from sslzoo.evaluate import knn
from sslzoo.evaluate.protocols.knn import default_k, knn_predict


def naive_knn(bank, labels, queries, k, temperature):
    """The lowest class among equal votes."""
    predictions = []
    for query in np.asarray(queries, "float64"):
        cosine = []
        for row in np.asarray(bank, "float64"):
            cosine.append(
                row @ query / (max(np.linalg.norm(row), 1e-12) * max(np.linalg.norm(query), 1e-12))
            )
        nearest = sorted(range(len(bank)), key=lambda i: (-cosine[i], i))[:k]
        votes = {label: 0.0 for label in sorted(set(labels.tolist()))}
        for i in nearest:
            votes[int(labels[i])] += math.exp(cosine[i] / temperature)
        predictions.append(max(votes, key=votes.get))
    return np.array(predictions)


@pytest.mark.parametrize(
    ("n", "queries", "k"), [(1, 1, 1), (7, 5, 3), (53, 17, 53), (101, 31, 10), (64, 9, 1)]
)
# one row at a time, an uneven last chunk, all at once
@pytest.mark.parametrize("held", [1, 60, 10**6])
def test_equals_the_double_loop(n, queries, k, held, monkeypatch):
    monkeypatch.setattr("sslzoo.evaluate.nearest.HELD", held)
    rng = np.random.default_rng(n)
    bank, query = (
        rng.normal(size=(n, 6)).astype("float32"),
        rng.normal(size=(queries, 6)).astype("float32"),
    )
    labels = rng.choice([-3, 2, 11], n)
    found = knn_predict(bank, labels, query, k, 0.1)
    assert found.tolist() == naive_knn(bank, labels, query, k, 0.1).tolist()


def test_lower_class_wins_equal_votes():
    bank = np.eye(2, dtype="float32")
    assert knn_predict(bank, np.array([5, 4]), np.ones((1, 2), "float32"), 2, 0.1).tolist() == [4]


def test_a_temperature_that_overflows_float32_still_votes():
    rng = np.random.default_rng(0)
    bank, labels = rng.normal(size=(30, 4)).astype("float32"), rng.integers(0, 3, 30)
    assert knn_predict(bank, labels, bank, 10, 1e-4).tolist() == labels.tolist()


def test_features_that_collapsed_to_zero_give_a_figure_not_nan():
    predictions = knn_predict(
        np.zeros((4, 3), "float32"), np.array([1, 1, 0, 0]), np.zeros((2, 3), "float32"), 2, 0.1
    )
    assert predictions.tolist() == [1, 1]


def test_memory_is_bounded():
    rng = np.random.default_rng(0)
    bank = rng.normal(size=(6000, 8)).astype("float32")
    queries = rng.normal(size=(6000, 8)).astype("float32")
    labels = rng.integers(0, 10, 6000)
    tracemalloc.start()
    knn_predict(bank, labels, queries, 20, 0.1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6  # all pairs would be 144 MB


@pytest.mark.parametrize(
    ("smallest", "k"),
    [(1, 20), (10, 20), (50, 20), (130, 32), (1000, 89), (5000, 200), (10**5, 200)],
)
def test_the_default_k_follows_the_smallest_class(smallest, k):
    assert default_k(np.repeat([7, 9], [smallest, 2 * smallest])) == k


def test_the_record_says_which_k_and_why(digits, projection):
    train, test = digits
    record = knn(projection, train, test, baselines=False)["settings"]
    smallest = np.bincount(train.labels).min()
    assert record["k"] == round(np.sqrt(8 * smallest)) and record["k_requested"] is None
    assert record["k_rule"] == "not given: sqrt(8 x items of the smallest class), from 20 to 200"
    given = knn(projection, train, test, k=30, baselines=False)["settings"]
    assert given["k"] == given["k_requested"] == 30 and "k_rule" not in given


def test_a_set_smaller_than_the_default_k_votes_as_a_whole():
    features, labels = np.eye(4), np.array([0, 0, 1, 1])
    assert knn(None, (features, labels), (features, labels))["settings"]["k"] == 4


def test_equals_scikit_learn():
    from sklearn.neighbors import KNeighborsClassifier

    rng = np.random.default_rng(0)
    bank, queries = rng.normal(size=(400, 12)), rng.normal(size=(90, 12))
    labels = rng.integers(0, 6, 400)
    vote = KNeighborsClassifier(30, weights=lambda d: np.exp((1 - d) / 0.1), metric="cosine")
    expected = vote.fit(bank, labels).predict(queries)
    assert knn_predict(bank, labels, queries, 30, 0.1).tolist() == expected.tolist()


def test_record_says_what_was_measured(digits, projection):
    train, test = digits
    record = knn(projection, train, test, k=5000, temperature=0.07)
    assert json.loads(json.dumps(record)) == record
    settings = record["settings"]
    assert (settings["k"], settings["k_requested"], settings["temperature"]) == (1000, 5000, 0.07)
    assert (settings["train_name"], settings["train_split"], settings["test_split"]) == (
        "digits",
        "train",
        "test",
    )
    assert (settings["n_train"], settings["n_test"], settings["feature_dim"]) == (1000, 300, 24)
    assert (settings["item_shape"], settings["layer"]) == ([8, 8, 1], "backbone")
    # nothing in it is random
    assert settings["raw_pixels_size"] == [8, 8] and "seed" not in settings
    assert set(record["per_class"]) == set(test.classes)


def test_record_figures_agree_with_the_predictions(digits, projection):
    train, test = digits
    record = knn(projection, train, test, k=20)
    right = naive_knn(
        projection.encode(train.images), train.labels, projection.encode(test.images[:60]), 20, 0.1
    )
    found = knn(projection, train, test.take(slice(60)), k=20, baselines=False)
    assert found["accuracy"] == np.mean(right == test.labels[:60])
    counts = np.bincount(test.labels)
    per_class = [record["per_class"][name] for name in test.classes]
    assert np.isclose(np.average(per_class, weights=counts), record["accuracy"])
    low, high = record["confidence_95"]
    assert 0 < low < record["accuracy"] < high < 1


def test_baselines_are_the_untrained_model_and_the_pixels(digits, projection):
    train, test = digits
    record = knn(projection, train, test, k=20)
    assert record["baselines"] == {
        "untrained_encoder": knn(projection.untrained(), train, test, k=20, baselines=False)[
            "accuracy"
        ],
        "raw_pixels": knn(
            None, *((d.images.reshape(-1, 64) / 255.0, d.labels) for d in digits), k=20
        )["accuracy"],
    }
    alone = knn(projection, train, test, k=20, baselines=False)
    assert alone["baselines"] == {} and "raw_pixels_size" not in alone["settings"]


def test_features_computed_before_count_as_images(digits, projection):
    given = [(projection.encode(d.images), d.labels) for d in digits]
    record = knn(None, *given, k=20)
    assert record["accuracy"] == knn(projection, *digits, k=20, baselines=False)["accuracy"]
    assert record["settings"]["layer"] == "given features"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "k: got 0; it must be an integer of at least 1"),
        ({"k": 2.5}, "k: got 2.5; it must be an integer"),
        ({"temperature": 0}, "temperature: got 0; it must be a finite number above 0"),
        ({"temperature": float("nan")}, "temperature: got nan; it must be a finite number above 0"),
    ],
)
def test_refused_settings(digits, options, message):
    with pytest.raises(ValueError, match=message):
        knn(None, *digits, **options)
