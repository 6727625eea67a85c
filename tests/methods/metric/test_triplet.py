import math

import keras
import numpy as np
import pytest
from harness import MethodChecks, digits, inject, two_views
from keras import ops

from sslzoo import data, nn
from sslzoo.methods.metric.triplet import Triplet


def labeled(n, seed):
    views = two_views(digits(n), seed)
    return {
        "images": views["images"],
        "labels": data.load("digits").labels[:n],
        "view": views["view1"],
    }


class TestTriplet(MethodChecks):
    learns = ("backbone",)
    drop = 0.1

    @classmethod
    def make(cls, **kwargs):
        return Triplet(nn.backbone("micro", 8), **{"margin": 1.0} | kwargs)

    @classmethod
    def batch(cls, n=13, seed=0):
        return labeled(n, seed)

    @classmethod
    def fit_data(cls, n, seed=0):
        return data.ClassBalanced(
            data.load("digits"), classes=4, samples=4, steps_per_epoch=n // 16, seed=seed
        )

    def oracle(self, model, batch):
        z = ops.convert_to_numpy(model.backbone(batch["view"], training=True)).astype("float64")
        z /= np.linalg.norm(z, axis=1, keepdims=True)
        labels, terms = batch["labels"], []
        for a in range(len(z)):
            positive = [
                np.linalg.norm(z[a] - z[p])
                for p in range(len(z))
                if p != a and labels[p] == labels[a]
            ]
            negative = [
                np.linalg.norm(z[a] - z[n]) for n in range(len(z)) if labels[n] != labels[a]
            ]
            if positive and negative:
                terms.append(max(max(positive) - min(negative) + model.margin, 0))
        return {"triplet": np.mean(terms) if terms else 0.0}

    @pytest.mark.parametrize(("margin", "stuck"), [(0.3, 0.3), ("soft", math.log(2))])
    def test_a_collapse_shows_as_the_margin_or_ln_2(self, margin, stuck):
        model = self.make(margin=margin)
        for variable in model.backbone.weights:
            if variable.name == "gamma":
                variable.assign(np.zeros(variable.shape))
            if variable.name == "beta":
                variable.assign(np.ones(variable.shape))
        losses, logs, _ = model.losses_logs_kept(self.batch(16))
        assert float(losses["triplet"]) == pytest.approx(stuck, abs=1e-3)
        assert float(logs["feature_std"]) == pytest.approx(0, abs=1e-3)

    def test_share_of_active_triplets_falls_as_it_learns(self):
        model = inject(self.make(miner="batch_all", margin=0.2))
        model.compile(keras.optimizers.Adam(0.01))
        active = model.fit(self.batch(64), batch_size=64, epochs=20, verbose=0).history[
            "active_triplets"
        ]
        assert 1 >= active[0] > active[-1] + 0.1 > 0.1

    def test_every_part_reaches_the_loss(self):
        settings = {
            "miner": "batch_all",
            "distance": "cosine",
            "reducer": "nonzero_mean",
            "margin": "soft",
            "normalize": False,
        }
        batch, values = self.batch(32), []
        for key in ("margin", *(key for key in settings if key != "margin")):
            values.append(
                float(
                    self.make(**{"margin": 0.3, key: settings[key]}).losses_logs_kept(batch)[0][
                        "triplet"
                    ]
                )
            )
        assert len({round(value, 4) for value in values}) == len(settings)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"miner": "semihard"}, "miner: got 'semihard'; .*did you mean semi_hard"),
            ({"margin": -1}, "margin: got -1; it must be a finite number above 0"),
            ({"distance": "l2"}, "distance: got 'l2'; it must be one of"),
        ],
    )
    def test_unknown_parts_are_refused_at_once(self, options, message):
        with pytest.raises(ValueError, match=message):
            self.make(**options)

    @pytest.mark.parametrize(
        ("labels", "message"),
        [
            (
                np.arange(16),
                r"labels: got 16 different ones for as many images; it must .*ClassBalanced",
            ),
            (np.full(16, 3), r"labels: got 16 of class 3; it must be of two classes at least"),
        ],
    )
    def test_data_without_a_triplet_are_refused_before_the_first_step(self, labels, message):
        model = self.make()
        model.compile("sgd")
        with pytest.raises(ValueError, match=message):
            model.fit(digits(16), labels, batch_size=16, verbose=0)
        for images in (digits(16), data.Dataset(digits(16))):
            with pytest.raises(ValueError, match="labels: missing"):
                model.fit(images, verbose=0)
