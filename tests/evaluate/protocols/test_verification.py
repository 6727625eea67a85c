"""ROC-AUC and equal error rate against loops over pairs and thresholds."""

import json

import numpy as np
import pytest

from sslzoo.evaluate.protocols.verification import draw_pairs, equal_error_rate, verification

LABELS = np.random.default_rng(0).permutation(np.repeat([2, 4, 7, 8], [1, 5, 9, 30]))


def naive_auc(same, near):
    wins = [(s > d) + 0.5 * (s == d) for s in near[same] for d in near[~same]]
    return sum(wins) / len(wins)


def test_pairs_are_what_they_say():
    pairs = draw_pairs(LABELS, 4000, seed=0)
    first, second = pairs.first, pairs.second
    same = pairs.same
    assert len(first) == len(second) == len(same) == 8000 and same.sum() == 4000
    assert (first != second).all()
    assert ((LABELS[first] == LABELS[second]) == same).all()
    # an image that is alone in its class has no partner there
    assert set(LABELS[first[same]]) == {4, 7, 8}
    assert set(first[~same]) == set(second[~same]) == set(range(45))
    partners = {(a, b) for a, b in zip(first[same], second[same], strict=True) if LABELS[a] == 4}
    assert len(partners) == 5 * 4  # every ordered pair of a small class is drawn


def test_pairs_follow_the_seed():
    assert all(
        (a == b).all()
        for a, b in zip(draw_pairs(LABELS, 50, 1), draw_pairs(LABELS, 50, 1), strict=True)
    )
    assert (draw_pairs(LABELS, 50, 1)[0] != draw_pairs(LABELS, 50, 2)[0]).any()


def test_equal_error_rate_is_where_the_two_errors_meet():
    rng = np.random.default_rng(0)
    same = rng.integers(0, 2, 400).astype(bool)
    near = rng.normal(size=400) + same
    rates = [((near[same] < t).mean(), (near[~same] >= t).mean()) for t in np.sort(near)]
    refused, accepted = min(rates, key=lambda pair: abs(pair[0] - pair[1]))
    assert equal_error_rate(same, near) == pytest.approx((refused + accepted) / 2, abs=0.005)
    assert 0.2 < refused < 0.4
    assert equal_error_rate(same, same.astype(float)) == 0  # told apart
    assert equal_error_rate(same, np.zeros(400)) == 0.5  # all alike
    assert equal_error_rate(same, -same.astype(float)) == 1  # the wrong way round


def test_record_equals_the_loop(digits, projection):
    _, test = digits
    record = verification(projection, test, pairs=150, seed=4)
    assert json.loads(json.dumps(record)) == record
    pairs = draw_pairs(test.labels, 150, 4)
    same = pairs.same
    rows = projection.encode(test.images).astype("float64")
    rows = [row / np.sqrt(row @ row) for row in rows]
    cosine = np.array([rows[a] @ rows[b] for a, b in zip(*pairs[:2], strict=True)])
    assert record["roc_auc"] == pytest.approx(naive_auc(same, cosine), abs=1e-6)
    assert record["equal_error_rate"] == pytest.approx(equal_error_rate(same, cosine), abs=1e-6)
    assert (record["settings"]["pairs"], record["settings"]["seed"]) == (150, 4)
    assert record["settings"]["baseline_figure"] == "roc_auc" and set(record["baselines"]) == {
        "untrained_encoder",
        "raw_pixels",
    }


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        (
            np.zeros(6, int),
            {},
            "test: got 1 classes of at most 6 items; it must have two classes",
        ),
        (np.arange(6), {}, "test: got 6 classes of at most 1 items"),
        (np.arange(6) // 2, {"pairs": 0}, "pairs: got 0; it must be an integer of at least 1"),
    ],
)
def test_refused(labels, options, message):
    with pytest.raises(ValueError, match=message):
        verification(None, (np.ones((6, 3), "float32"), labels), **options)
