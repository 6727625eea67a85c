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


def test_more_records_than_colors_all_get_a_line(records):
    from sslzoo.plots import incremental

    drawn = []

    class Axes:
        def plot(self, x, y, **look):
            drawn.append(look["label"])

    many = {f"method {i}": records["naive"] for i in range(9)}
    incremental._draw_curves(Axes(), many, "class")
    assert drawn == list(many)


def test_what_is_not_defined_stays_empty(records):
    from sslzoo.plots import incremental

    written = {}

    class Axes:
        spines = {}

        def imshow(self, matrix, **look):
            assert np.ma.is_masked(matrix)

        def text(self, x, y, text, **look):
            written[y, x] = text

        def tick_params(self, **look):
            pass

    matrix = np.array(records["naive"]["class"]["matrix"], "float64")
    incremental._draw_matrix(Axes(), matrix)
    assert written == {
        (0, 0): "90",
        (1, 0): "80",
        (1, 1): "70",
        (2, 0): "50",
        (2, 1): "60",
        (2, 2): "90",
    }
