"""Leaving one domain out: what is trained, what is chosen, and what is refused."""

import json

import keras
import numpy as np
import pytest

import sslzoo
from sslzoo.data import Dataset
from sslzoo.evaluate import generalization


def domain(sign, n=40, seed=0):
    """Two classes: the first number says the class now and then, the second one always, with the
    sign of the domain.
    """
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    weak = (2 * labels - 1) * np.where(rng.random(n) < 0.8, 1, -1)
    vectors = np.stack([weak, sign * 3 * (2 * labels - 1)], axis=1)
    return Dataset(None, labels, vectors=vectors.astype("float32"))


DOMAINS = {"a": domain(1), "b": domain(1, seed=1), "c": domain(-1, n=60, seed=2)}
SHORT = {"samples": 8, "steps_per_epoch": 4, "epochs": 3}


class Planned:
    """A classifier whose share of right answers in epoch e is plan[e][whether the domain is c]."""

    classes = 2
    plan = ()
    fed = []

    def untrained(self):
        return Planned()

    def get_compile_config(self):
        return {}

    def compile_from_config(self, config):
        assert config == {}

    def fit(self, feed, epochs, callbacks, verbose):
        self.fed.append(feed)
        for self.epoch in range(epochs):
            for callback in callbacks:
                callback.set_model(self)
                callback.on_epoch_end(self.epoch)

    def classify(self, vectors, batch_size):
        unseen = int(len(vectors) == len(DOMAINS["c"]))
        answers = (vectors[:, 1] > 0).astype(int) ^ unseen
        share = self.plan[self.epoch][unseen]
        wrong = np.arange(len(vectors)) >= round(share * len(vectors))
        return np.eye(2)[answers ^ wrong]


def test_the_epoch_is_chosen_without_a_look_at_the_unseen_domain(monkeypatch):
    monkeypatch.setattr(Planned, "plan", [(0.5, 0.9), (0.75, 0.4), (0.5, 0.7)])
    monkeypatch.setattr(Planned, "fed", [])
    record = generalization(Planned(), DOMAINS, held_out=["c"], **SHORT)
    assert record["held_out"] == {"c": pytest.approx(0.4)}
    assert record["validation"] == {"c": pytest.approx(0.75)}
    assert record["last"] == {"c": pytest.approx(0.7)}
    assert record["oracle"] == {"c": pytest.approx(0.9)}
    assert record["accuracy"] == pytest.approx(0.4)
    assert json.loads(json.dumps(record)) == record


def test_nothing_of_the_unseen_domain_nor_of_the_validation_is_trained_on(monkeypatch):
    monkeypatch.setattr(Planned, "plan", [(0.5, 0.5)] * 3)
    monkeypatch.setattr(Planned, "fed", [])
    generalization(Planned(), DOMAINS, **SHORT)
    assert len(Planned.fed) == 3
    for feed, left in zip(Planned.fed, DOMAINS, strict=True):
        counts = [round(0.8 * len(data)) for name, data in DOMAINS.items() if name != left]
        assert np.bincount(feed.arrays["domains"]).tolist() == counts
        assert np.bincount(feed[0]["domains"]).tolist() == [8, 8]


def network():
    vectors = keras.Input((2,), name="vectors")
    return keras.Model(vectors, keras.layers.Dense(8, "relu")(vectors))


def test_a_shortcut_of_the_training_domains_fails_in_the_other_one():
    model = sslzoo.build("erm", network(), classes=2)
    model.compile(keras.optimizers.Adam(0.05))
    settings = {"samples": 16, "steps_per_epoch": 60, "epochs": 1, "held_out": ["c"]}
    record = generalization(model, DOMAINS, **settings)
    assert record["validation"]["c"] == 1.0
    assert record["accuracy"] < 0.3 < record["baselines"]["most_frequent_class"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"domains": {"a": DOMAINS["a"], "b": DOMAINS["b"]}}, "at least three domains"),
        ({"held_out": ["d"]}, "held_out: got d; it must be among a, b, c"),
        ({"held_out": []}, "held_out: got none"),
        ({"validation_fraction": 1.0}, "validation_fraction: got 1.0"),
        ({"epochs": 0}, "epochs: got 0"),
        ({"domains": {**DOMAINS, "c": domain(1).replace(labels=None)}}, "c: got no labels"),
        ({"domains": {**DOMAINS, "c": domain(1).replace(labels=[2] * 40)}}, "c labels: got"),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        generalization(Planned(), **{"domains": DOMAINS, "dry_run": True} | arguments)


def test_a_model_of_another_number_of_domains_is_refused():
    model = sslzoo.build("vrex", network(), classes=2, domains=3)
    with pytest.raises(ValueError, match="domains of the model: got 3"):
        generalization(model, DOMAINS, dry_run=True)
