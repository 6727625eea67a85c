"""mAP@R and recall@k against loops over queries and ranks."""

import json
import tracemalloc

import numpy as np
import pytest

from sslzoo.evaluate.protocols.retrieval import rank, retrieval


def naive(rows, labels, ks):
    precisions, recalls = [], {k: [] for k in ks}
    for q in range(len(rows)):
        others = [i for i in range(len(rows)) if i != q]
        r = sum(labels[i] == labels[q] for i in others)
        if not r:
            continue
        nearest = sorted(
            others, key=lambda i: (round(float(((rows[i] - rows[q]) ** 2).sum()), 4), i)
        )
        right = [labels[i] == labels[q] for i in nearest]
        precisions.append(sum(sum(right[: i + 1]) / (i + 1) for i in range(r) if right[i]) / r)
        for k in ks:
            recalls[k].append(any(right[:k]))
    return np.mean(precisions), {k: np.mean(found) for k, found in recalls.items()}


# one row at a time, an uneven last chunk, all at once
@pytest.mark.parametrize("held", [1, 60, 10**6])
def test_equals_the_loop(held, monkeypatch):
    monkeypatch.setattr("sslzoo.evaluate.nearest.HELD", held)
    rng = np.random.default_rng(0)
    labels = np.append(rng.integers(0, 5, 47), 9)  # one image is alone in its class
    rows = (np.eye(10)[labels] + 0.6 * rng.normal(size=(48, 10))).astype("float32")
    precision, found = rank(rows, labels, 10)
    assert len(precision) == 47
    expected, recalls = naive(rows, labels, (1, 3, 10))
    assert precision.mean() == pytest.approx(expected)
    assert {k: found[:, :k].any(axis=1).mean() for k in recalls} == pytest.approx(recalls)
    assert 0.2 < expected < 0.8


def test_a_query_is_never_its_own_neighbor_among_equal_rows():
    labels = np.arange(30) % 3
    precision, found = rank(np.ones((30, 3), "float32"), labels, 29)
    assert len(precision) == 30 and found.shape == (30, 29)
    assert (found.sum(axis=1) == 9).all()  # the nine others of the class, among all 29


def test_labels_may_have_wide_gaps():
    rows = np.random.default_rng(0).normal(size=(40, 4))
    small = np.arange(40) % 5
    records = [retrieval(None, (rows, labels)) for labels in (small, 5 + 3 * 10**6 * small)]
    assert records[0]["map_at_r"] == records[1]["map_at_r"]
    assert records[1]["settings"]["n_classes"] == 5


def test_record_says_what_was_measured(digits, projection):
    _, test = digits
    record = retrieval(projection, test)
    assert json.loads(json.dumps(record)) == record
    expected, recalls = naive(_unit(projection.encode(test.images)), test.labels, (1, 5, 10))
    assert record["map_at_r"] == pytest.approx(expected, abs=1e-4)
    assert [record[f"recall_at_{k}"] for k in (1, 5, 10)] == pytest.approx(
        [recalls[k] for k in (1, 5, 10)]
    )
    assert (record["settings"]["n_queries"], record["settings"]["n_classes"]) == (300, 10)
    assert record["settings"]["baseline_figure"] == "map_at_r"
    assert (
        record["baselines"]["untrained_encoder"]
        < record["map_at_r"]
        < record["baselines"]["raw_pixels"]
    )
    low, high = record["confidence_95"]
    assert low < record["map_at_r"] < high


def _unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("classes", [1, 300])
def test_memory_is_bounded(classes):
    rows = np.random.default_rng(0).normal(size=(3000, 8)).astype("float32")
    labels = np.arange(3000) % classes
    tracemalloc.start()
    rank(rows, labels, 10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < (75e6 if classes == 1 else 6e6)  # all pairs and their order are 108 MB


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        (np.arange(6), {}, "test: got 6 items of as many classes; it must have two"),
        (
            np.zeros(6, int),
            {"ranks": (6,)},
            "ranks: got 6; it must be an integer of at least 1 and at most 5",
        ),
        (np.zeros(6, int), {"ranks": (0,)}, "got 0"),
        (
            np.zeros(6, int),
            {"ranks": (1,), "similarity": "dot"},
            "similarity: got 'dot'; it must be one of 'cosine'",
        ),
    ],
)
def test_refused_settings(labels, options, message):
    with pytest.raises(ValueError, match=message):
        retrieval(None, (np.ones((6, 3), "float32"), labels), **options)
