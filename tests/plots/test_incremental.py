"""Pictures of the accuracy matrices and curves of learners of tasks."""

import numpy as np
import pytest

from sslzoo.plots.incremental import curves_png, matrices_png


def record(joint):
    """What `sslzoo.evaluate.incremental` gives of three tasks, in all that the pictures read."""
    matrix = [[0.9, None, None], [0.8, 0.7, None], [0.5, 0.6, 0.9]]
    figures = {"matrix": matrix[-1:] if joint else matrix, "average_accuracy": 2 / 3}
    figures["curve"] = [0.9] if joint else [0.9, 0.75, 2 / 3]
    settings = {"tasks": [["0", "1"], ["2", "3"], ["4"]], "joint": joint}
    return {"class": figures, "task": figures, "settings": settings}


@pytest.fixture
def records():
    return {"naive": record(joint=False), "joint": record(joint=True)}


def test_pictures_are_png(records):
    for png in (matrices_png(records), matrices_png(records, "task"), curves_png(records)):
        assert png.startswith(b"\x89PNG") and len(png) > 5000


def test_a_method_has_a_panel_of_its_own_with_the_line_of_joint_training_in_it(records):
    from sslzoo.plots import incremental

    drawn = []

    class Axes:
        def plot(self, x, y, **look):
            drawn.append((look["label"], y[-1]))

        def axhline(self, y, **look):
            drawn.append((look["label"], y))

    incremental._draw_curves(Axes(), records)
    words = [label for label, _ in incremental.SCENARIOS.values()]
    assert drawn == [
        (words[0], 2 / 3),
        (f"{words[0]}, joint", 0.9),
        (words[1], 2 / 3),
        (f"{words[1]}, joint", 0.9),
    ]


@pytest.mark.parametrize("before", [None, 0.0, 0.5])
def test_tasks_that_are_not_learned_look_alike_whatever_a_method_answers(records, before):
    """None of a method without a head for them, 0 where all compete, chance where it is told."""
    from sslzoo.plots import incremental

    written = {}

    class Axes:
        spines = {}

        def set_facecolor(self, color):
            pass

        def imshow(self, matrix, **look):
            assert np.array_equal(np.ma.getmaskarray(matrix), ~np.tri(3, dtype=bool))

        def text(self, x, y, text, **look):
            written[y, x] = text

        def tick_params(self, **look):
            pass

    matrix = np.array(records["naive"]["class"]["matrix"], "float64")
    matrix[np.isnan(matrix)] = np.nan if before is None else before
    incremental._draw_matrix(Axes(), matrix)
    assert written == {
        (0, 0): "90",
        (1, 0): "80",
        (1, 1): "70",
        (2, 0): "50",
        (2, 1): "60",
        (2, 2): "90",
    }
