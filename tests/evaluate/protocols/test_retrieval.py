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
@pytest.mark.parametrize("distances", [1, 200, 10**6])
def test_equals_the_loop(distances):
    rng = np.random.default_rng(0)
    labels = np.append(rng.integers(0, 5, 47), 9)  # one image is alone in its class
    rows = (np.eye(10)[labels] + 0.6 * rng.normal(size=(48, 10))).astype("float32")
    precision, found = rank(rows, labels, 10, distances)
    assert len(precision) == 47
    expected, recalls = naive(rows, labels, (1, 3, 10))
    assert precision.mean() == pytest.approx(expected)
    assert {k: found[:, :k].any(axis=1).mean() for k in recalls} == pytest.approx(recalls)
    assert 0.2 < expected < 0.8


def test_of_equally_near_images_the_earlier_ones_count():
    rows = np.random.default_rng(1).choice([-1.0, 1.0], (30, 3)).astype("float32")
    labels = np.random.default_rng(2).integers(0, 3, 30)
    precision, found = rank(rows, labels, 5)
    expected, recalls = naive(rows, labels, (1, 5))
    assert precision.mean() == pytest.approx(expected)
    assert found[:, :1].mean() == pytest.approx(recalls[1])


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


def test_memory_is_bounded_by_the_chunk():
    rows = np.random.default_rng(0).normal(size=(3000, 8)).astype("float32")
    labels = np.arange(3000) // 10
    tracemalloc.start()
    rank(rows, labels, 10, distances=100_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6  # all pairs would be 36 MB and their order 72


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
