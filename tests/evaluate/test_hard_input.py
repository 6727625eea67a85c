"""Labels, sets and answers that are unusual: the right figure, or one sentence before the work."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from sslzoo import evaluate
from sslzoo.data import Dataset

RNG = np.random.default_rng(0)
LABELS = np.repeat([0, 1, 2], 8)
TRAIN = np.eye(3, dtype="float32")[LABELS] + 0.05 * RNG.normal(size=(24, 3)).astype("float32")
TEST = np.eye(3, dtype="float32")[LABELS] + 0.05 * RNG.normal(size=(24, 3)).astype("float32")
LARGE = 5 + 10**6 * LABELS  # with wide gaps; a table with a place for each would be 16 MB


class Never:
    """A model that must not be asked."""

    def encode(self, items, batch_size):
        raise AssertionError("the work began before the data were checked")

    classify = forecast = encode


class Linear:
    """A model with a backbone, for fine-tuning."""

    def __init__(self):
        inputs = keras.Input((3,))
        self.backbone = keras.Model(inputs, keras.layers.Dense(4)(inputs))


SETTINGS = {
    "few_shot": {"ways": 3, "queries": 3, "episodes": 4},
    "finetune": {"epochs": 2},
    "retrieval": {"ranks": [1]},
    "verification": {"pairs": 50},
}


@pytest.mark.parametrize(
    "name", ["few_shot", "finetune", "knn", "linear_probe", "retrieval", "verification"]
)
def test_labels_may_have_wide_gaps(name):
    model = Linear() if name == "finetune" else None
    figures = []
    for labels in (LABELS, LARGE):
        keras.utils.set_random_seed(0)
        sets = [(TRAIN, labels), (TEST, labels)][-len(evaluate.protocols.roles(name)) :]
        model = Linear() if name == "finetune" else None
        record = getattr(evaluate, name)(model, *sets, **SETTINGS.get(name, {}), baselines=False)
        figures.append({key: value for key, value in record.items() if isinstance(value, float)})
    for key in set(figures[0]) - {"seconds"}:
        assert figures[0][key] == figures[1][key], key


@pytest.mark.parametrize("name", ["knn", "linear_probe", "finetune"])
def test_a_class_that_was_never_learned_is_refused(name):
    unseen = np.append(LABELS[:-1], 7)
    with pytest.raises(
        ValueError, match=r"test labels: got \[7\]; it must be among those of train"
    ):
        getattr(evaluate, name)(Never(), (TRAIN, LABELS), (TEST, unseen))


@pytest.mark.parametrize("name", ["linear_probe", "finetune"])
def test_one_class_alone_is_refused(name):
    ones = np.ones(24, int)
    model = Linear() if name == "finetune" else Never()
    with pytest.raises(ValueError, match="train labels: got class 1 alone; it must have at least"):
        getattr(evaluate, name)(model, (TRAIN, ones), (TEST, ones))


@pytest.mark.parametrize("name", ["knn", "retrieval", "accuracy"])
@pytest.mark.parametrize("labels", [["a"] * 24, LABELS + 0.5, np.full(24, None), LABELS + 10**12])
def test_labels_that_are_no_class_numbers_are_refused_before_the_work(name, labels):
    sets = [(TRAIN, labels), (TEST, labels)][-len(evaluate.protocols.roles(name)) :]
    with pytest.raises((TypeError, ValueError), match="labels: got .*; it must be"):
        getattr(evaluate, name)(Never(), *sets)


def test_more_labels_a_class_than_there_are_is_refused_by_a_dry_run():
    sets = (TRAIN, LABELS), (TEST, LABELS)
    for run in (evaluate.finetune, evaluate.linear_probe):
        model = Linear() if run is evaluate.finetune else Never()
        with pytest.raises(ValueError, match="labels_per_class: got 9; it must be at most 8"):
            run(model, *sets, labels_per_class=9, dry_run=True)


def test_features_that_are_not_finite_are_refused():
    broken = TRAIN.copy()
    broken[3, 1] = np.nan
    for name in ("knn", "linear_probe"):
        with pytest.raises(ValueError, match="non-finite values in 1 of 24 rows"):
            getattr(evaluate, name)(None, (broken, LABELS), (TEST, LABELS))


def test_labels_beyond_the_classes_of_a_model_are_refused():
    model = SimpleNamespace(classes=2, classify=Never().encode)
    with pytest.raises(ValueError, match="test labels: got 2; it must be below 2, the number of"):
        evaluate.accuracy(model, (TEST, LABELS))


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (np.full((24, 3), np.nan), "scores: got NaN for 24 of 24 items; it must be numbers"),
        (np.zeros((23, 3)), r"scores: got shape \(23, 3\); it must be \(24, C\)"),
        (np.zeros(24), r"scores: got shape \(24,\); it must be \(24, C\)"),
    ],
)
def test_scores_that_say_nothing_are_refused(scores, message):
    model = SimpleNamespace(classify=lambda items, batch_size: scores)
    with pytest.raises(ValueError, match=message):
        evaluate.accuracy(model, (TEST, LABELS))


@pytest.mark.parametrize("answer", [np.full(24, np.nan), np.zeros((24, 1)), np.zeros(3)])
def test_forecasts_and_bounds_that_say_nothing_are_refused(answer):
    data = Dataset(vectors=TEST, targets=np.arange(24.0))
    model = SimpleNamespace(forecast=lambda items, batch_size: answer)
    with pytest.raises(ValueError, match="forecasts: got"):
        evaluate.regression(model, (TRAIN, np.arange(24.0)), data)

    def bound(images, **settings):
        return answer

    images = RNG.integers(0, 256, (24, 4, 4, 1)).astype("uint8")
    generator = SimpleNamespace(elbo=bound, importance_weighted_bound=bound)
    with pytest.raises(ValueError, match="elbo: got"):
        evaluate.likelihood(generator, 255 - images, images)


@pytest.mark.parametrize("name", ["regression", "likelihood"])
def test_a_batch_of_none_is_refused(name):
    model = SimpleNamespace(forecast=None, elbo=None, importance_weighted_bound=None)
    with pytest.raises(ValueError, match="batch_size: got 0; it must be an integer of at least 1"):
        getattr(evaluate, name)(model, (TRAIN, LABELS), (TEST, LABELS), batch_size=0)
