import itertools

import numpy as np
import pytest

from sslzoo.data.periods import cut_periods, period_of, separation


def random_walk(rows=60, steps=4, features=3, seed=0):
    """Series whose level drifts: periods differ."""
    rng = np.random.default_rng(seed)
    level = np.cumsum(rng.normal(size=(rows, 1, features)), axis=0)
    return level + 0.1 * rng.normal(size=(rows, steps, features))


def apart(series, cuts):
    """Summed squared distance of the means of all pairs of periods, one value at a time."""
    bounds = [0, *sorted(cuts), len(series)]
    total = 0.0
    for a, b in itertools.combinations(range(len(bounds) - 1), 2):
        first, second = series[bounds[a] : bounds[a + 1]], series[bounds[b] : bounds[b + 1]]
        for feature in range(series.shape[2]):
            total += (first[..., feature].mean() - second[..., feature].mean()) ** 2
    return total


def greedy(series, periods, edges):
    """Cut after cut, each where the periods differ most then."""
    cuts = []
    while len(cuts) < periods - 1:
        free = [edge for edge in edges if edge not in cuts]
        cuts.append(max(free, key=lambda edge: apart(series, [*cuts, edge])))
    return sorted(cuts)


def starts(domains):
    return (np.flatnonzero(np.diff(domains)) + 1).tolist()


@pytest.mark.parametrize("periods", [1, 2, 3, 5, 7, 10])
@pytest.mark.parametrize("seed", range(4))
def test_cuts_are_those_of_the_greedy_search_by_brute_force(periods, seed):
    series = random_walk(seed=seed)
    domains = cut_periods(series, periods)
    assert domains.dtype == "int64" and sorted(set(domains)) == list(range(periods))
    assert starts(domains) == greedy(series, periods, range(6, 60, 6))


@pytest.mark.parametrize("seed", range(6))
def test_one_cut_is_the_best_of_all(seed):
    series = random_walk(seed=seed)
    best = max(range(6, 60, 6), key=lambda edge: apart(series, [edge]))
    assert starts(cut_periods(series, 2)) == [best]


@pytest.mark.parametrize("seed", range(6))
def test_no_more_than_the_best_of_all_and_more_than_most(seed):
    series = random_walk(seed=seed)
    every = [apart(series, cuts) for cuts in itertools.combinations(range(6, 60, 6), 2)]
    found = apart(series, starts(cut_periods(series, 3)))
    assert np.median(every) < found <= max(every) + 1e-12


def test_the_whole_span_counts():
    """The official code looks at as many hours as there are days: of these it would see 60."""
    series = np.zeros((60, 24, 2))
    series[48:] = 5.0
    assert starts(cut_periods(series, 2)) == [48]


def test_each_feature_counts():
    series = random_walk()
    for feature in range(3):
        other = series.copy()
        other[:18, :, feature] += 100.0
        assert starts(cut_periods(other, 2)) == [18]


def test_cuts_of_fewer_periods_are_among_those_of_more():
    series = random_walk(seed=3)
    for fewer, more in itertools.pairwise(range(1, 10)):
        assert set(starts(cut_periods(series, fewer))) < set(starts(cut_periods(series, more)))


def test_the_earliest_of_equal_cuts_is_taken():
    assert starts(cut_periods(np.ones((20, 2, 1)), 3)) == [2, 4]


def test_rows_that_do_not_divide_are_split_as_evenly_as_can_be():
    domains = cut_periods(random_walk(rows=57), 10)
    assert set(np.bincount(domains)) == {5, 6}


def test_separation_is_summed_over_pairs():
    series = random_walk()
    domains = period_of(60, [10, 25])
    assert separation(series, domains) == pytest.approx(apart(series, [10, 25]), rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"periods": 0}, "periods: got 0; it must be an integer of at least 1 and at most 10."),
        ({"periods": 11}, "periods: got 11; it must be an integer of at least 1 and at most 10."),
        ({"segments": 61}, "series: got 60 rows; it must have at least 61, the segments."),
    ],
)
def test_impossible_cuts_are_refused(arguments, sentence):
    with pytest.raises(ValueError) as error:
        cut_periods(random_walk(), **arguments)
    assert str(error.value) == sentence


def test_rows_that_are_no_series_are_refused():
    with pytest.raises(ValueError, match="series: got shape"):
        cut_periods(np.ones((60, 3)), 2)
