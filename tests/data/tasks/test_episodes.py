import numpy as np
import pytest

from sslzoo.data import Episodes

LABELS = np.random.default_rng(0).permutation(np.repeat([3, 5, 7, 11, 13, 17], [6, 7, 6, 9, 6, 8]))


def test_classes_differ_and_support_and_query_share_no_row():
    for episode in Episodes(LABELS, ways=4, shots=2, queries=3, count=50):
        assert episode.support.shape == (4, 2) and episode.query.shape == (4, 3)
        assert len(set(episode.classes)) == 4
        rows = np.concatenate([episode.support, episode.query], axis=1)
        assert len(set(rows.ravel())) == rows.size
        assert (LABELS[rows] == episode.classes[:, None]).all()


def test_drawing_with_replacement_would_be_noticed():
    rng = np.random.default_rng(0)
    assert any(len(set(rng.choice(6, 4))) < 4 for _ in range(50))


def test_every_class_gets_every_way():
    ways = np.array([episode.classes for episode in Episodes(LABELS, ways=3, queries=2, count=200)])
    assert all(set(column) == set(LABELS) for column in ways.T)


def test_an_episode_depends_on_its_number_and_the_seed_alone():
    first, second, other = (Episodes(LABELS, 5, 1, 4, count=20, seed=seed) for seed in (1, 1, 2))
    list(first)  # reading changes nothing
    for a, b in zip(first[7], second[7], strict=True):
        assert a.tolist() == b.tolist()
    assert first[7].support.tolist() != first[8].support.tolist() != other[8].support.tolist()
    assert Episodes(LABELS, 5, 1, 4, count=8, seed=1)[7].query.tolist() == first[7].query.tolist()
    assert len(first) == len(list(first)) == 20


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"ways": 7, "queries": 2}, "ways: got 7; it must be at most 6, the classes of the data."),
        (
            {"shots": 3, "queries": 4},
            "queries: got 4 beside 3 shots; it must be at most 3, as class 3 has 6 rows.",
        ),
        ({"ways": 1}, "ways: got 1; it must be an integer of at least 2."),
        ({"shots": 0}, "shots: got 0; it must be an integer of at least 1."),
        ({"queries": 2, "count": 0}, "episodes: got 0; it must be an integer of at least 1."),
    ],
)
def test_refused_settings(options, sentence):
    with pytest.raises(ValueError) as error:
        Episodes(LABELS, **options)
    assert str(error.value) == sentence
