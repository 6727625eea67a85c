import numpy as np
import pytest

from sslzoo.evaluate import accuracy_matrix
from sslzoo.evaluate.accuracy_matrix import (
    accuracies,
    backward_transfer,
    curve,
    forgetting,
    forward_transfer,
)

TASKS = [[0, 1], [2, 3], [4]]


def random_scores(n=60, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 5)), np.arange(n) % 5


@pytest.mark.parametrize("learned", [1, 2, 3])
def test_each_image_is_answered_among_the_classes_that_compete(learned):
    scores, labels = random_scores()
    seen = sum(TASKS[:learned], [])
    rows = accuracies(scores, labels, TASKS, seen)
    for j, classes in enumerate(TASKS):
        of_task = [(row, y) for row, y in zip(scores, labels, strict=True) if y in classes]
        for name, allowed in (("class", seen), ("task", classes)):
            right = [max(allowed, key=lambda c, row=row: row[c]) == y for row, y in of_task]
            assert rows[name][j] == pytest.approx(np.mean(right))


def test_the_logits_of_other_tasks_do_not_leak_into_the_task_scenario():
    scores, labels = random_scores()
    loud = scores + np.array([0, 0, 0, 0, 100.0])  # the last task shouts down all others
    assert (
        accuracies(loud, labels, TASKS, range(5))["task"]
        == accuracies(scores, labels, TASKS, range(5))["task"]
    )
    assert accuracies(loud, labels, TASKS, range(5))["class"] == [0, 0, 1]
    assert (
        accuracies(loud, labels, TASKS, range(4))["class"]
        == accuracies(scores, labels, TASKS, range(4))["class"]
    )


def test_what_is_not_learned_yet_is_wrong_or_undefined():
    scores, labels = random_scores()
    scores[:, 2:] = -np.inf
    rows = accuracies(scores, labels, TASKS, [0, 1])
    assert rows["class"][1:] == [0, 0]
    assert np.isnan(rows["task"][1:]).all() and np.isfinite(rows["task"][0])
    assert np.isnan(accuracies(scores, labels, TASKS, [])["class"]).all()


R = [[0.9, 0.2, 0.3], [0.95, 0.8, 0.35], [0.6, 0.7, 0.99]]


def test_figures_are_the_formulas_of_the_papers():
    T, b = 3, [0.1, 0.15, 0.2]
    assert accuracy_matrix.average_accuracy(R) == pytest.approx((0.6 + 0.7 + 0.99) / 3)
    assert curve(R) == pytest.approx([0.9, (0.95 + 0.8) / 2, (0.6 + 0.7 + 0.99) / 3])
    assert forgetting(R) == pytest.approx(
        sum(max(R[t][j] for t in range(T - 1)) - R[T - 1][j] for j in range(T - 1)) / (T - 1)
    )
    assert backward_transfer(R) == pytest.approx(
        sum(R[T - 1][j] - R[j][j] for j in range(T - 1)) / (T - 1)
    )
    assert forward_transfer(R, b) == pytest.approx(
        sum(R[j - 1][j] - b[j] for j in range(1, T)) / (T - 1)
    )
    # task 0 was best after task 1, not when it was learned
    assert forgetting(R) != pytest.approx(-backward_transfer(R))


def test_forgetting_ignores_what_was_undefined_before_a_task_was_learned():
    nan = float("nan")
    assert forgetting([[0.9, nan, nan], [0.95, 0.8, nan], [0.6, 0.7, 0.99]]) == pytest.approx(
        forgetting(R)
    )
    assert np.isnan(forward_transfer([[0.9, nan], [0.8, 0.8]], [nan, nan]))


def test_one_task_has_nothing_to_forget_or_transfer():
    for value in (
        forgetting([[0.9]]),
        backward_transfer([[0.9]]),
        forward_transfer([[0.9]], [0.5]),
    ):
        assert np.isnan(value)
