from types import SimpleNamespace

import keras
import numpy as np
import pytest
from fine_tuning import Checks as FineTuning
from fine_tuning import same, values
from harness import EAGER, MethodChecks, _digits, digits, gradients
from over_domains import cross_entropies

from sslzoo import nn
from sslzoo.data import ByDomain
from sslzoo.methods.transfer.fine_tune import freeze
from sslzoo.methods.transfer.meta_adapter import MetaAdapter
from sslzoo.nn import ema

LANGUAGES = 2


class AtRest(keras.Model):
    """Keras passes its `training` on to all layers of a Functional model, to BatchNorm too."""

    def __init__(self, adapted, heads):
        super().__init__()
        self.adapted, self.heads = adapted, heads

    def call(self, x):
        return self.heads(self.adapted(x, training=False))


def followed(model, batch):
    """(losses, mean change of each weight) by Keras' own Adam and `train_on_batch`."""
    network = keras.models.clone_model(model.backbone)
    ema.copy(model.backbone, network)
    freeze(network)
    adapted = nn.with_adapters(network, model.units)
    adapted.set_weights(model.adapted.get_weights())
    heads = keras.models.clone_model(model.heads)
    heads.set_weights(model.heads.get_weights())
    whole = AtRest(adapted, heads)
    adam = keras.optimizers.Adam(0.01, beta_1=0.0, epsilon=1e-8)
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def own_rows(labels, logits):  # the label says the language too
        language, labels = keras.ops.unstack(keras.ops.cast(labels, "int32"), 2, axis=1)
        rows = keras.ops.reshape(logits, (-1, LANGUAGES, model.classes))
        rows = keras.ops.take_along_axis(rows, language[:, None, None], axis=1)[:, 0]
        return cross_entropy(labels, rows)

    whole.compile(adam, own_rows, **EAGER)
    start, found, changes = whole.get_weights(), [], []
    for language in range(LANGUAGES):
        rows = np.flatnonzero(batch["domains"] == language)
        whole.set_weights(start)
        states = []
        for half in (rows[::2], rows[1::2]):
            labels = np.stack([batch["domains"][half], batch["labels"][half]], axis=1)
            if states:
                logits = np.asarray(whole(batch["view"][half], training=False), "float64")
                logits = logits.reshape(-1, LANGUAGES, model.classes)[:, language]
                found.append(cross_entropies(logits, batch["labels"][half]).mean())
            whole.train_on_batch(batch["view"][half], labels)
            states.append([values([v])[0] for v in whole.trainable_variables])
        changes.append([b - a for a, b in zip(*states, strict=True)])
    return found, [sum(each) / LANGUAGES for each in zip(*changes, strict=True)]


class TestMetaAdapter(MethodChecks):
    learns = ("added", "heads")
    learning_rate = 0.2
    drop = 0.1  # of the rows that a first step did not see

    @classmethod
    def make(cls, **kwargs):
        arguments = {"classes": 10, "languages": LANGUAGES, "units": 4, "augment": "digits"}
        model = MetaAdapter(FineTuning.network(), **arguments | kwargs)
        added = SimpleNamespace(weights=model.adapted.trainable_variables)
        object.__setattr__(model, "added", added)
        return model

    @classmethod
    def batch(cls, n=16, seed=0):
        n += -n % (2 * LANGUAGES)
        images = digits(n)
        clean = np.repeat(images / 255.0, 3, axis=-1)
        noise = np.random.default_rng(seed).normal(0, 0.1, clean.shape)
        labels = np.arange(n) // LANGUAGES % 10
        return {
            "images": images,
            "labels": labels,
            "domains": np.arange(n) % LANGUAGES,
            "view": np.clip(clean + noise, 0, 1).astype("float32"),
        }

    @classmethod
    def fit_data(cls, n, seed=0):
        batch = cls.batch(n, seed)
        return ByDomain({field: batch[field] for field in cls.make().fields}, samples=8)

    def oracle(self, model, batch):
        return {"supervised": np.mean(followed(model, batch)[0])}

    # ---- what only MetaAdapter promises ------------------------------------------------

    def test_the_gradient_is_minus_the_mean_change_of_the_second_step(self):
        """Not that of both steps, which would be Reptile."""
        model, batch = self.make(), self.batch(16)
        found = gradients(model, batch)
        _, changes = followed(model, batch)
        near = [
            np.abs(found[id(variable)] + change).ravel() < 1e-3
            for variable, change in zip(model._weights, changes, strict=True)
        ]
        # Adam makes a step of nearly full length of the sign of a gradient that is only rounding.
        assert np.concatenate(near).mean() > 0.97
        assert np.concatenate([change.ravel() for change in changes]).std() > 5e-3

    def test_a_new_language_starts_at_the_adapters_and_the_network_stays(self):
        before = values(self.make().backbone.weights)
        model = self.make()
        model.compile("sgd", **EAGER)
        model.fit(self.fit_data(16), epochs=2, verbose=0)
        assert all(same(before, values(model.backbone.weights)))
        new, images = model.for_language(classes=3), digits(8)
        np.testing.assert_array_equal(new.encode(images), model.encode(images))
        assert new.classify(images).shape == (8, 3)

    @pytest.mark.slow
    def test_a_language_is_learned_better_after_meta_training(self):
        """Digits, whose labels another language turns by three."""
        images, labels = digits(1000), _digits().labels[:1000]
        turned = [(labels + 3 * k) % 10 for k in range(3)]
        pair = {
            "images": np.concatenate([images[:200]] * 2),
            "labels": np.concatenate([turned[0][:200], turned[1][:200]]),
            "domains": np.repeat([0, 1], 200),
        }
        start, model = self.make(augment="none"), self.make(augment="none")
        model.compile(keras.optimizers.SGD(1.0))
        model.fit(ByDomain(pair, samples=32), epochs=30, verbose=0)
        accuracies = []
        for one in (start, model):
            new = one.for_language(10, seed=5)
            new.compile(keras.optimizers.Adam(0.01))
            new.fit(images[200:250], turned[2][200:250], batch_size=25, epochs=10, verbose=0)
            found = new.classify(images[250:]).argmax(axis=1)
            accuracies.append((found == turned[2][250:]).mean())
        assert accuracies[1] > accuracies[0] + 0.05, accuracies

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            ({"languages": 0}, "languages: got 0"),
            ({"inner_rate": 0}, "inner_rate: got 0"),
            ({"units": 0}, "units: got 0"),
        ],
    )
    def test_wrong_arguments_are_named(self, arguments, sentence):
        with pytest.raises(ValueError, match=sentence):
            self.make(**arguments)

    @pytest.mark.parametrize(("languages", "samples"), [(3, 4), (2, 3)])
    def test_other_batches_are_refused(self, languages, samples):
        model = self.make(languages=languages)
        model.compile("sgd")
        fields = {field: self.batch(16)[field] for field in model.fields}
        with pytest.raises(ValueError, match="data: got 2 languages of"):
            model.fit(ByDomain(fields, samples=samples), verbose=0)
