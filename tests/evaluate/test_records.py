"""A record is a dict that JSON writes and that prints as a short table."""

import copy
import json
import pickle

import numpy as np
import pytest
from scipy.stats import norm

from sslzoo.evaluate import few_shot, knn, linear_probe, retrieval
from sslzoo.evaluate.figures import Record, table_rows
from sslzoo.evaluate.record import wilson


@pytest.fixture
def record(digits, projection):
    return knn(projection, *digits, k=20)


def test_it_prints_as_a_short_table(record):
    lines = str(record).split("\n")
    assert len(lines) == 4 and max(map(len, lines)) < 400 < len(str(dict(record)))
    assert lines[0].startswith("kNN, k 20: this model")
    assert f"{100 * record['accuracy']:.1f} %" in lines[0] and "(95 %: " in lines[0]
    assert lines[2].startswith("kNN, k 20: raw pixels")
    assert "per_class" not in str(record) and "n_test 300" in lines[3]


def test_a_notebook_shows_a_table(record):
    html = record._repr_html_()
    assert html.count("<tr>") == 4 and "raw pixels" in html


def test_html_shows_names_as_they_are():
    html = Record(protocol="accuracy", accuracy=0.5, settings={"test_name": "<b>"})._repr_html_()
    assert "<b>" not in html and "&lt;b&gt;" in html


@pytest.mark.parametrize("again", [lambda r: json.loads(json.dumps(r)), copy.deepcopy])
def test_it_stays_a_dict(record, again):
    assert isinstance(record, dict) and again(record) == dict(record)
    assert pickle.loads(pickle.dumps(record)) == record


def test_every_protocol_returns_one(digits, projection):
    _, test = digits
    for record in (few_shot(projection, test, episodes=2), retrieval(projection, test)):
        assert type(record) is Record and len(table_rows(record)) >= 3
        assert str(record).count("\n") <= 12


def test_a_record_without_a_headline_prints_its_figures():
    assert "fidelity: this model     0.500" in str(Record(protocol="mine", fidelity=0.5))
    assert str(Record(protocol="mine")) and Record(protocol="mine")._repr_html_()


def formula(successes, trials):
    """Wilson 1927."""
    z, p = norm.ppf(0.975), successes / trials
    z2 = z * z / trials
    half = z * np.sqrt(p * (1 - p) / trials + z2 / (4 * trials))
    return [(p + z2 / 2 - half) / (1 + z2), (p + z2 / 2 + half) / (1 + z2)]


@pytest.mark.parametrize(("successes", "trials"), [(0, 5), (5, 5), (1, 3), (6109, 10_000)])
def test_the_interval_is_wilson_s(successes, trials):
    assert wilson(successes, trials) == pytest.approx(formula(successes, trials), abs=1e-12)


def test_intervals_of_published_records_stay():
    """As `simclr_resnet20.digits` has it, made with z = 1.959964."""
    from sslzoo.zoo import yaml_text
    from sslzoo.zoo.registry import resolve

    entry = yaml_text.read(resolve("simclr_resnet20.digits"))
    checked = 0
    for metric in entry["record"]["metrics"]:
        if "per_class" in metric:
            trials = metric["settings"]["n_test"]
            found = wilson(round(metric["accuracy"] * trials), trials)
            assert found == pytest.approx(metric["confidence_95"], abs=1e-7)
            checked += 1
    assert checked


def test_the_linear_probe_takes_few_labels(digits, projection):
    few = linear_probe(projection, *digits, labels_per_class=5, baselines=False)
    whole = linear_probe(projection, *digits, baselines=False)
    assert few["settings"]["n_labeled"] == 50 and few["settings"]["labels_per_class"] == 5
    assert few["accuracy"] < whole["accuracy"] and "n_labeled" not in whole["settings"]


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (1, "labels_per_class: got 1; it must be an integer of at least 2"),
        (5000, "labels_per_class: got 5000; it must be at most"),
    ],
)
def test_too_few_or_too_many_labels_are_refused_before_encoding(digits, count, message):
    class Never:
        def encode(self, items, batch_size):
            raise AssertionError("encoded before the labels were checked")

    with pytest.raises(ValueError, match=message):
        linear_probe(Never(), *digits, labels_per_class=count)
