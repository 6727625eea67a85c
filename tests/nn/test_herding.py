import numpy as np
import pytest

from sslzoo.nn.herding import class_means, herding


def features(n, dimensions=5, seed=0):
    rng = np.random.default_rng(seed)
    # of very different lengths
    return rng.normal(size=(n, dimensions)) * rng.uniform(0.1, 10, size=(n, 1))


def brute_force(rows, count):
    """Algorithm 4 of the paper as it is written, every candidate tried."""
    rows = [row / np.sqrt(row @ row) for row in rows]
    mean, chosen = sum(rows) / len(rows), []
    for k in range(1, count + 1):
        best, distance = None, np.inf
        for x, row in enumerate(rows):
            if x not in chosen:
                gap = mean - (row + sum(rows[j] for j in chosen)) / k
                if np.sqrt(gap @ gap) < distance - 1e-12:
                    best, distance = x, np.sqrt(gap @ gap)
        chosen.append(best)
    return chosen


@pytest.mark.parametrize(("n", "count"), [(1, 1), (7, 3), (20, 20), (40, 10)])
def test_herding_is_algorithm_4(n, count):
    assert herding(features(n), count).tolist() == brute_force(features(n), count)


def test_a_shorter_memory_is_the_beginning_of_a_longer_one():
    order = herding(features(30), 30)
    for count in (0, 1, 12):
        np.testing.assert_array_equal(herding(features(30), count), order[:count])


def test_lengths_do_not_matter_and_more_than_all_is_all():
    rows = features(9)
    np.testing.assert_array_equal(herding(rows, 4), herding(rows * np.arange(1, 10)[:, None], 4))
    assert sorted(herding(rows, 100)) == list(range(9))


def test_herding_beats_the_first_images_as_a_summary():
    rows = features(60) / np.linalg.norm(features(60), axis=1, keepdims=True)
    gap = [
        np.linalg.norm(rows.mean(axis=0) - rows[chosen].mean(axis=0))
        for chosen in (herding(rows, 6), np.arange(6))
    ]
    assert gap[0] < 0.5 * gap[1]


def test_rows_of_zeros_are_no_trouble():
    # a network of ReLUs can say nothing at all
    rows = np.concatenate([features(4), np.zeros((2, 5))])
    assert sorted(herding(rows, 6)) == list(range(6))
    assert np.isfinite(class_means(rows, np.array([0, 0, 0, 0, 1, 1]), 3)).all()


def test_class_means_are_unit_means_of_unit_features():
    rows, labels = features(12), np.array([0, 2] * 6)
    means = class_means(rows, labels, 4)
    for label in (0, 2):
        mean = np.mean([row / np.linalg.norm(row) for row in rows[labels == label]], axis=0)
        np.testing.assert_allclose(means[label], mean / np.linalg.norm(mean), rtol=1e-6)
    assert not means[[1, 3]].any() and means.dtype == "float32"
