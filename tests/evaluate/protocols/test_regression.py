import json
from types import SimpleNamespace

import numpy as np
import pytest

from sslzoo import evaluate
from sslzoo.data import Dataset
from sslzoo.evaluate.protocols.regression import errors, regression


def air(n=100, seed=0, name="test"):
    """Series with a trend, whose target goes on with it; noise grows with the row."""
    rng = np.random.default_rng(seed)
    series = rng.normal(size=(n, 6, 3)).astype("float32")
    noise = rng.normal(size=n) * np.linspace(0.01, 2, n)
    targets = (series[:, -1, 1] + noise).astype("float32")
    return Dataset(series=series, targets=targets, name="air", split=name)


def forecaster(function):
    return SimpleNamespace(forecast=lambda series, batch_size: function(series))


HALF = forecaster(lambda series: 0.5 * series[:, -1, 1])


def test_errors_are_those_of_the_global_formula():
    test = air()
    record = regression(HALF, air(seed=1), test)
    rows = zip(test.series, test.targets, strict=True)
    differences = [0.5 * float(series[-1, 1]) - float(target) for series, target in rows]
    assert record["rmse"] == pytest.approx((sum(d * d for d in differences) / 100) ** 0.5)
    assert record["mae"] == pytest.approx(sum(abs(d) for d in differences) / 100)


@pytest.mark.parametrize("batch_size", [1, 7, 36, 1000])
def test_errors_do_not_depend_on_the_batches(batch_size):
    """The official code's do: it averages the RMSE of batches, or takes the last one's."""
    test = air()
    found = regression(HALF, air(seed=1), test, batch_size=batch_size)
    assert found["rmse"] == regression(HALF, air(seed=1), test)["rmse"]
    parts = np.array_split(np.square(0.5 * test.series[:, -1, 1] - test.targets), 4)
    mean_of_roots = np.mean([np.sqrt(part.mean()) for part in parts])
    assert mean_of_roots < 0.95 * found["rmse"]  # so the two cannot be taken for each other


def test_baselines_are_the_mean_of_train_and_the_last_value():
    train, test = air(seed=1), air()
    found = regression(HALF, train, test, last_value=1)["baselines"]
    assert found.keys() == {"train_mean", "train_mean_mae", "last_value", "last_value_mae"}
    for name, forecast in (
        ("train_mean", np.full(100, train.targets.astype("float64").mean())),
        ("last_value", test.series[:, -1, 1]),
    ):
        own = errors(forecast, test.targets)
        assert (found[name], found[f"{name}_mae"]) == (own["rmse"], own["mae"])
    assert regression(HALF, train, test)["baselines"].keys() == {"train_mean", "train_mean_mae"}
    assert regression(HALF, train, test, last_value=1, baselines=False)["baselines"] == {}


def test_a_perfect_forecast_has_no_error():
    test = air()
    record = regression(forecaster(lambda series: test.targets), test, test)
    assert record["rmse"] == record["mae"] == 0.0


def test_the_record_is_plain_json_and_says_what_was_measured():
    record = regression(HALF, air(seed=1, name="train"), air(), last_value=1)
    assert json.loads(json.dumps(record)) == record
    settings = record["settings"]
    assert (settings["test_name"], settings["test_split"], settings["n_test"]) == (
        "air",
        "test",
        100,
    )
    assert settings["item_shape"] == [6, 3] and settings["last_value"] == 1
    assert settings["target_std"] == pytest.approx(float(air().targets.std()), rel=1e-6)


def test_pairs_and_columns_of_one_are_taken():
    test = air()
    pair = test.series, test.targets[:, None]
    assert regression(HALF, pair, pair)["rmse"] == regression(HALF, test, test)["rmse"]


def test_it_is_found_by_its_name():
    assert evaluate.protocols.find("regression") is regression


@pytest.mark.parametrize(
    ("model", "train", "test", "settings", "sentence"),
    [
        (object(), air(), air(), {}, "without forecast; it must have forecast for regression"),
        (HALF, air(), air().replace(targets=None), {}, "test: got no targets"),
        (HALF, air().replace(targets=None), air(), {}, "train: got no targets"),
        (HALF, air(), air(), {"last_value": 3}, "last_value: got 3"),
        (HALF, air(), air(), {"last_value": -1}, "last_value: got -1; it must be an integer of"),
        (HALF, air(), air(), {"last_value": 1.5}, "last_value: got 1.5; it must be an integer of"),
        (HALF, air(), air(), {"last_value": 3, "baselines": False}, "last_value: got 3"),
        (HALF, air(), air().replace(targets=np.ones((100, 2))), {}, "test targets: got shape"),
    ],
)
def test_what_cannot_be_measured_is_refused(model, train, test, settings, sentence):
    with pytest.raises(ValueError) as error:
        regression(model, train, test, **settings, dry_run=True)
    assert sentence in str(error.value)
