import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy

from sslzoo.evaluate import a_distance, mutual_information, neighborhood_density


def probabilities(scale=2.0, n=40):
    rng = np.random.default_rng(0)
    return softmax(scale * rng.normal(size=(n, 5)), axis=1)


def test_mutual_information_is_that_of_row_and_class():
    p = probabilities()
    joint = p / len(p)
    expected = sum(
        value * np.log(value / (joint[i].sum() * joint[:, c].sum()))
        for (i, c), value in np.ndenumerate(joint)
    )
    assert mutual_information(p) == pytest.approx(expected, rel=1e-6)
    assert mutual_information(np.eye(5)) == pytest.approx(np.log(5))
    assert mutual_information(np.tile([1.0, 0.0], (9, 1))) == 0.0  # sure, but of one class


def test_neighborhood_density_is_the_formula_of_the_paper():
    p = probabilities(n=12)
    found = []
    for i, row in enumerate(p):
        others = [q for j, q in enumerate(p) if j != i]
        cosines = [row @ q / np.sqrt((row @ row) * (q @ q)) for q in others]
        found.append(entropy(softmax(np.array(cosines) / 0.05)))
    assert neighborhood_density(p) == pytest.approx(np.mean(found), rel=1e-9)


def test_neighborhood_density_is_larger_where_classes_are_dense():
    sure, unsure = np.eye(5)[np.arange(40) % 5], probabilities(1.0)
    assert neighborhood_density(sure) > neighborhood_density(unsure)


def test_a_distance_is_near_zero_of_one_distribution_and_two_of_separate_ones():
    rows = np.random.default_rng(0).normal(size=(400, 3))
    assert a_distance(rows[:200], rows[200:]) < 0.3
    assert a_distance(rows[:100], rows[100:] + 10) == 2.0
    assert 0.3 < a_distance(rows[:100], rows[100:] + 1) < 2.0
    with pytest.raises(ValueError, match="source and target: got shapes"):
        a_distance(rows[:3], rows)


@pytest.mark.parametrize("score", [mutual_information, neighborhood_density])
@pytest.mark.parametrize("wrong", [np.ones(3), np.ones((2, 2)), np.full((2, 2), np.nan)])
def test_what_is_no_probability_is_refused(score, wrong):
    with pytest.raises(ValueError, match="probabilities: got"):
        score(wrong)
