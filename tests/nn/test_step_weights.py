import numpy as np
import pytest

from sslzoo import nn


def boosted(weights, distances, before):
    """Equations 7 and 8 of the paper, one number at a time."""
    result = np.array(weights, "float64")
    for place, weight in np.ndenumerate(result):
        growth = float(distances[place]) - float(before[place])
        if growth > 0:
            result[place] = weight * (1 + 1 / (1 + np.exp(-growth)))
    for row in result.reshape(-1, result.shape[-1]):
        row /= np.abs(row).sum()
    return result


def numbers(shape=(3, 2, 5), seed=0):
    rng = np.random.default_rng(seed)
    weights, distances, before = rng.uniform(0.1, 1, (3, *shape)).astype("float32")
    return weights / weights.sum(axis=-1, keepdims=True), distances, before


@pytest.mark.parametrize("scale", [0.01, 1.0, 50.0])
def test_boosting_is_the_formula_of_the_paper(scale):
    weights, distances, before = numbers()
    distances, before = scale * distances, scale * before
    found = np.asarray(nn.boosted_weights(weights, distances, before))
    np.testing.assert_allclose(found, boosted(weights, distances, before), rtol=1e-5)
    np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-5)


def test_weights_stay_where_no_distance_has_grown():
    weights, distances, _ = numbers()
    for before in (distances, distances + 1):
        found = np.asarray(nn.boosted_weights(weights, distances, before))
        np.testing.assert_allclose(found, weights, rtol=1e-6)


def test_a_step_whose_distance_grows_gets_more_weight_and_the_others_less():
    weights = np.full((1, 1, 4), 0.25, "float32")
    distances, before = np.array([[[2.0, 1, 1, 1]]]), np.ones((1, 1, 4))
    found = np.asarray(nn.boosted_weights(weights, distances.astype("float32"), before))[0, 0]
    assert found[0] > 0.25 > found[1] == found[2] == found[3]


def test_weights_begin_equal():
    weights = nn.StepWeights(3, 2, 5)
    np.testing.assert_allclose(np.asarray(weights.importance), np.full((3, 2, 5), 0.2), rtol=1e-6)


def test_an_epoch_is_boosted_by_means_over_its_steps():
    """Not by sums, which would grow with the number of steps."""
    start, first, second = numbers()
    memory = nn.StepWeights(3, 2, 5)
    for steps, distances, boost in ((2, first, False), (7, second, True)):
        for step in range(steps):
            memory.add(start, distances + (0.5 if step % 2 else -0.5) * (steps % 2 == 0))
        memory.end_epoch(boost=boost)
    expected = boosted(start, second, first)
    np.testing.assert_allclose(np.asarray(memory.importance), expected, rtol=1e-5)
    np.testing.assert_allclose(np.asarray(memory.before), second, rtol=1e-5)
    assert not np.asarray(memory.sums).any() and float(memory.count) == 0


def test_without_boosting_the_weights_of_the_last_step_stay():
    start, first, second = numbers()
    memory = nn.StepWeights(3, 2, 5)
    memory.add(start[::-1], first)
    memory.add(start, second)
    memory.end_epoch(boost=False)
    np.testing.assert_array_equal(np.asarray(memory.importance), start)
    np.testing.assert_allclose(np.asarray(memory.before), (first + second) / 2, rtol=1e-6)


def test_an_epoch_without_steps_changes_nothing():
    memory = nn.StepWeights(1, 1, 4)
    memory.end_epoch(boost=True)
    assert np.isfinite(np.asarray(memory.importance)).all()
