"""What every method gets that is solved at once."""

import keras
import numpy as np
import pytest

from sslzoo import inputs
from sslzoo.data import Dataset
from sslzoo.training import Learned
from sslzoo.training.closed_form import ClosedForm

ROWS = np.array([[0.0, 2.0], [4.0, 2.0]], "float32")


@keras.saving.register_keras_serializable("sslzoo_tests")
class Center(ClosedForm):
    """Takes away the mean, of all rows or of one class."""

    def __init__(self, only=None, seed=0, name=None):
        super().__init__(reads=inputs.Vectors(2), seed=seed, name=name)
        self.only = only
        self.label_fields = () if only is None else ("labels",)
        self.mean = self.add_weight(shape=(2,), initializer="zeros", trainable=False)

    def solve(self, data):
        rows = data["vectors"]
        if self.only is not None:
            rows = rows[data["labels"] == self.only]
        self.mean.assign(rows.mean(axis=0))
        return {"rows": len(rows)}

    def call(self, x, training=False):
        return self.reads.layer(x) - self.mean


@keras.saving.register_keras_serializable("sslzoo_tests")
class Shift(Center):
    """The mean of the target minus that of the source."""

    roles = ("source", "target")

    def solve(self, data):
        self.mean.assign(data["target"].mean(axis=0) - data["source"].mean(axis=0))
        return {}


def test_fit_solves_at_once_and_tells_what_came_of_it():
    model = Center()
    history = model.fit(ROWS)
    assert history is model.history
    assert (history.epoch, history.history) == ([0], {"rows": [2.0]})
    np.testing.assert_allclose(model.encode(ROWS), [[-2, 0], [2, 0]])


@pytest.mark.parametrize("data", [ROWS, {"vectors": ROWS}, Dataset(vectors=ROWS), ROWS.tolist()])
def test_data_may_come_in_any_form(data):
    model = Center()
    model.fit(data, verbose=0)
    np.testing.assert_allclose(model.mean, [2, 2])


@pytest.mark.parametrize(
    "data",
    [
        (ROWS, [0, 1]),
        ({"vectors": ROWS, "labels": [0, 1]},),
        (Dataset(None, [0, 1], vectors=ROWS),),
    ],
)
def test_labels_are_read_where_the_method_has_them(data):
    model = Center(only=1)
    model.fit(*data)
    np.testing.assert_allclose(model.mean, [4, 2])


@pytest.mark.parametrize(
    "form", [lambda x: x, lambda x: {"vectors": x}, lambda x: Dataset(vectors=x)]
)
def test_roles_may_come_in_any_form(form):
    model = Shift()
    model.fit({"source": form(ROWS), "target": form(ROWS + 3)})
    np.testing.assert_allclose(model.mean, [3, 3])


def test_learn_is_one_step_and_needs_no_folder(tmp_path):
    model = Center()
    found = {"protocol": "solve", "rows": 2.0, "settings": {}, "baselines": {}}
    learned = model.learn(ROWS, folder=tmp_path, callbacks=[object()], verbose=0)
    assert learned == Learned(1, [found])
    assert list(tmp_path.iterdir()) == []


def test_learn_has_no_record_where_nothing_was_found():
    assert Shift().learn({"source": ROWS, "target": ROWS}) == Learned(1, [])


def test_it_has_no_optimizer_and_nothing_that_one_would_train():
    model = Center()
    assert model.trainable_variables == [] and not model.compiled


GRADIENTS = [
    ({"epochs": 3}, "epochs"),
    ({"batch_size": 8, "epochs": 1}, "batch_size, epochs"),
    ({"initial_epoch": 1}, "initial_epoch"),
    ({"steps_per_epoch": 1}, "steps_per_epoch"),
]


@pytest.mark.parametrize(
    ("ask", "settings", "names"),
    [(ask, *case) for ask in ("fit", "learn") for case in GRADIENTS]
    + [("fit", {"callbacks": []}, "callbacks")],
)
def test_settings_of_gradient_descent_are_refused(ask, settings, names):
    model = Center()
    message = f"^fit: got {names}; Center is solved at once, it needs data alone.$"
    with pytest.raises(ValueError, match=message):
        getattr(model, ask)(ROWS, **settings)
    np.testing.assert_array_equal(model.mean, [0, 0])


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_what_is_solved_is_read_in_float32_under_every_policy(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = Center()
        model.fit(np.array([[1001.3, 2.7]]))
        np.testing.assert_array_equal(model.encode(np.array([[1001.3, 2.7]])), [[0, 0]])
    finally:
        keras.config.set_dtype_policy(before)


def test_compile_is_refused():
    with pytest.raises(
        ValueError, match="compile: got a call; it must be left out: Center is solved"
    ):
        Center().compile(keras.optimizers.SGD(0.1))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros((4, 3)), r"vectors: got shape \(4, 3\); this network needs \(N, 2\)"),
        ([[np.nan, 0.0]], "vectors: got NaN or infinite values"),
        (np.zeros((0, 2)), r"vectors: got shape \(0, 2\)"),
        ({"series": ROWS}, "vectors: missing from the batch, which has"),
        (Dataset(series=np.zeros((2, 3, 1))), "vectors: missing from the batch, which has"),
    ],
)
def test_items_that_cannot_be_read_are_refused(data, message):
    with pytest.raises(ValueError, match=message):
        Center().fit(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (ROWS, "data: got ndarray; Shift needs a dict of source, target"),
        ({"source": ROWS}, "data: got roles source; Shift needs a dict of source, target"),
        (
            {"source": ROWS, "target": ROWS, "validation": ROWS},
            "data: got roles source, target, validation; Shift needs",
        ),
        ({"source": ROWS, "target": ROWS[:, :1]}, r"target: got shape \(2, 1\); this network"),
        ({"source": ROWS + np.inf, "target": ROWS}, "source: got NaN or infinite values"),
        (
            {"source": Dataset(series=np.zeros((2, 3, 1))), "target": ROWS},
            "source: got the fields series; it must hold vectors",
        ),
        (
            {"source": {"labels": [0]}, "target": ROWS},
            "source: got the fields labels; it must hold",
        ),
    ],
)
def test_roles_that_cannot_be_read_are_refused(data, message):
    with pytest.raises(ValueError, match=message):
        Shift().fit(data)


def test_labels_beside_what_holds_them_or_does_not_read_them_are_refused():
    with pytest.raises(
        ValueError, match="y: got values; it must be left out: Shift reads source, target"
    ):
        Shift().fit({"source": ROWS, "target": ROWS}, [0, 1])
    with pytest.raises(ValueError, match="y: got labels beside a Dataset; it must be left out"):
        Center(only=1).fit(Dataset(None, [0, 1], vectors=ROWS), [0, 1])
