"""What the tests of the methods of a few labels share beside the harness."""

from abc import abstractmethod

import keras
import numpy as np
import pytest
from harness import MethodChecks, _digits, digits, inject
from keras import ops

from sslzoo import data, nn


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def noisy(images, rng, scale):
    clean = np.repeat(images / 255.0, 3, axis=-1)
    return np.clip(clean + rng.normal(0, scale, clean.shape), 0, 1).astype("float32")


def names_of(method):
    """The fields of a batch for a method of this family."""
    return ("images", *method.more_inputs, *method.label_fields)


class Checks(MethodChecks):
    learns = ("backbone", "head")
    stopped = ("average_backbone", "average_head")
    # at 0.1 the memory and the thresholds chase the network: chaos, and another end for other
    # threads
    learning_rate = 0.03
    drop = 0.3
    method = None
    unlabeled_views = ("weak", "strong")
    arguments = {}

    @classmethod
    def make(cls, **kwargs):
        return cls.method(
            nn.backbone("micro", 8), 10, **{"augment": "digits"} | cls.arguments | kwargs
        )

    @classmethod
    def batch(cls, n=13, seed=0):
        rng = np.random.default_rng(seed)
        images, unlabeled = digits(n), digits(n, start=64)
        views = {"labeled": noisy(images, rng, 0.05)}
        views |= {
            name: noisy(unlabeled, rng, 0.05 if name.startswith("weak") else 0.3)
            for name in cls.unlabeled_views
        }
        fields = {
            "images": images,
            "labels": _digits().labels[:n],
            "unlabeled": unlabeled,
            "index": np.arange(n)[::-1].copy(),
        }
        views |= cls.draws(views, rng)
        return {field: fields[field] for field in names_of(cls.method)} | views

    @classmethod
    def draws(cls, views, rng):
        """What the method's `views` draws beside the views of images."""
        return {}

    @classmethod
    def fit_data(cls, n, seed=0):
        return data.Paired(
            _digits().take(slice(86)), 16, 2, steps_per_epoch=n // 16, labels_per_class=2, seed=seed
        )

    def logits(self, model, batch):
        """{view: float64 (n, C)}: one pass of the student, in training mode, over all views."""
        names = ("labeled", *self.unlabeled_views)
        features = model.backbone(np.concatenate([batch[name] for name in names]), training=True)
        found = ops.convert_to_numpy(model.head(features)).astype("float64")
        return dict(zip(names, np.split(found, len(names)), strict=True))

    @abstractmethod
    def unlabeled_term(self, model, batch, logits):
        """The paper's unlabeled term, image by image."""

    def oracle(self, model, batch):
        logits = self.logits(model, batch)
        rows = zip(softmax(logits["labeled"]), batch["labels"], strict=True)
        supervised = np.mean([-np.log(p[label]) for p, label in rows])
        return {"supervised": supervised, "unlabeled": self.unlabeled_term(model, batch, logits)}

    def test_each_view_is_made_as_the_paper_says(self):
        """Labeled images weakly augmented; of the others some views weakly, some weakly and then
        strongly.
        """
        model, batch = self.make(), self.batch(4)
        model.weak, model.strong = keras.layers.Rescaling(0.5), keras.layers.Rescaling(1.0, -1.0)
        views = model.views({field: batch[field] for field in model.fields})
        images, unlabeled = (
            ops.convert_to_numpy(model.preprocess(batch[field]))
            for field in ("images", "unlabeled")
        )
        expected = {"labeled": 0.5 * images}
        for name in self.unlabeled_views:
            expected[name] = 0.5 * unlabeled - name.startswith("strong")
        for name in expected:
            np.testing.assert_allclose(
                ops.convert_to_numpy(views[name]), expected[name], atol=1e-6, err_msg=name
            )

    @pytest.mark.compared
    def test_collapse_monitor_fires_on_a_constant_encoder(self):
        """The one that is watched is the averaged one."""
        model = inject(self.make())
        for variable in (*model.backbone.weights, *model.average_backbone.weights):
            if variable.name in ("gamma", "beta"):
                variable.assign(np.full(variable.shape, variable.name == "beta"))
        model.compile(keras.optimizers.SGD(0.0))
        with pytest.warns(UserWarning, match="collapsed"):
            model.fit(self.batch(16), batch_size=16, verbose=0)

    def test_the_unlabeled_term_alone_moves_the_student(self):
        """Consistency without a gradient would look the same in every logged loss."""
        model, batch = self.make(), self.batch()
        model.supervised = lambda logits, labels: 0.0 * ops.sum(logits)
        model.compile(keras.optimizers.SGD(1.0))
        before = [ops.convert_to_numpy(v).copy() for v in model.trainable_variables]
        inject(model).fit(batch, batch_size=13, verbose=0)
        for variable, old in zip(model.trainable_variables, before, strict=True):
            assert np.abs(ops.convert_to_numpy(variable) - old).max() > 1e-5, variable.path


class Confident(Checks):
    """Of methods with a threshold: one that an untrained network passes now and then. At 0.95 the
    unlabeled term would be 0 here.
    """

    @classmethod
    def make(cls, **kwargs):
        return super().make(**{"threshold": 0.16} | kwargs)

    def test_some_pass_the_threshold_and_some_do_not(self):
        _, logs, _ = self.make().losses_logs_kept(self.batch(32))
        assert 0.1 < float(logs["mask"]) < 0.9


def mix_draws(views, rng):
    """{"mix_" + view: lambda' and a place of each row}, float32 (n, 2)."""
    found = {}
    for name, view in views.items():
        share, place = rng.beta(0.75, 0.75, len(view)), rng.random(len(view))
        draws = np.stack([np.maximum(share, 1 - share), place], axis=1)
        found[f"mix_{name}"] = draws.astype("float32")
    return found


def mixed(arrays, draws):
    """MixUp row by row: each with the one of the next place, the last with the first."""
    order = sorted(range(len(draws)), key=lambda row: draws[row, 1])
    partner = dict(zip(order, [*order[1:], order[0]], strict=True))
    return [
        np.stack(
            [
                draws[row, 0] * array[row] + (1 - draws[row, 0]) * array[partner[row]]
                for row in range(len(draws))
            ]
        )
        for array in arrays
    ]


def follow(model, batch, momentum, steps=3):
    """What the averages must be after each step: {"expected", "found"}, lists of arrays, from a run
    of `steps` steps.
    """
    networks = [(model.backbone, model.average_backbone), (model.head, model.average_head)]
    pairs = [
        pair
        for mine in networks
        for pair in zip(*(network.weights for network in mine), strict=True)
    ]
    expected = [ops.convert_to_numpy(average).copy() for _, average in pairs]

    class Follow(keras.callbacks.Callback):
        def on_epoch_end(self, step, logs=None):
            m = min(momentum, (1 + step) / (10 + step))
            for value, (student, _) in zip(expected, pairs, strict=True):
                value *= m
                value += (1 - m) * ops.convert_to_numpy(student)

    inject(model).fit(
        batch, batch_size=len(batch["images"]), epochs=steps, callbacks=[Follow()], verbose=0
    )
    return expected, [ops.convert_to_numpy(average) for _, average in pairs]
