import numpy as np
import pytest

from sslzoo.data import activities
from sslzoo.data.activities import ACTIVITIES
from sslzoo.data.periods import cut_periods

SLIPS = [[0.0, 0.0, 1.0], [0.0, 1.0, 0.5], [1.0, 0.5, 0.0]]


def starts(domains):
    return (np.flatnonzero(np.diff(domains)) + 1).tolist()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("spans", [2, 3])
def test_the_periods_that_differ_most_begin_where_the_sensor_slips(spans, seed):
    data = activities(60 * spans, SLIPS[:spans], seed=seed)
    found = cut_periods(data.series, spans, segments=4 * spans)
    assert starts(found) == [60 * span for span in range(1, spans)]


def test_a_slip_moves_every_value_of_its_span_and_changes_nothing_else():
    still, moved = (activities(90, slips, seed=1) for slips in (np.zeros((3, 3)), SLIPS))
    np.testing.assert_array_equal(still.labels, moved.labels)
    slips = np.repeat(SLIPS, 30, axis=0)[:, None]
    np.testing.assert_allclose(moved.series - still.series, np.tile(slips, (1, 32, 1)), atol=1e-5)


def test_activities_differ_in_what_is_left_when_the_mean_is_taken_out():
    """Speed from the spectrum, direction from the axis that swings most: the labels, exactly."""
    data = activities(200, SLIPS, noise=0.05)
    moving = data.series - data.series.mean(axis=1, keepdims=True)
    cycles = np.abs(np.fft.rfft(moving, axis=1)).sum(axis=2).argmax(axis=1)
    axis = moving.std(axis=1).argmax(axis=1)
    named = np.array(list(ACTIVITIES))[data.labels]
    standing = moving.std(axis=(1, 2)) < 0.1
    found = np.where(cycles == 4, "run", np.where(axis == 2, "stairs", "walk"))
    assert list(np.where(standing, "stand", found)) == list(named)


def test_a_seed_decides():
    one, again, other = (activities(20, SLIPS, seed=seed).series for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((9, [[0.0, 1.0]]), "slips: got shape (1, 2); it must be (spans, 3)."),
        ((9, []), "slips: got shape (0,); it must be (spans, 3)."),
        ((2, SLIPS), "rows: got 2; it must be an integer of at least 3."),
        ((9, SLIPS, -1.0), "noise: got -1"),
    ],
)
def test_impossible_settings_are_refused(arguments, sentence):
    with pytest.raises(ValueError) as error:
        activities(*arguments)
    assert sentence in str(error.value)
