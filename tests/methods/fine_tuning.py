"""What the tests of the methods of fine-tuning share beside the harness."""

from types import SimpleNamespace

import keras
import numpy as np
import over_domains
from harness import EAGER, digits, inject
from keras import ops
from over_domains import cross_entropies

from sslzoo import evaluate, nn


def values(variables):
    return [ops.convert_to_numpy(v).copy() for v in variables]


def same(before, after):
    return [bool((old == new).all()) for old, new in zip(before, after, strict=True)]


class Checks(over_domains.Checks):
    learning_rate = 0.5
    drop = 0.3

    @classmethod
    def network(cls):
        """The micro backbone with the statistics of some digits, as a trained network has its own:
        they stay at rest.
        """
        network = nn.backbone("micro", 8)
        for layer in network.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = 0.0
        network(digits(32).repeat(3, axis=-1) / np.float32(255), training=True)
        return network

    @classmethod
    def make(cls, **kwargs):
        arguments = {"augment": "digits"} | cls.arguments | kwargs
        return cls.method(cls.network(), 10, **arguments)

    def forward(self, model, view):
        features = model.encoder(view, training=False)
        logits = model.head(features)
        return [ops.convert_to_numpy(x).astype("float64") for x in (features, logits)]

    def oracle(self, model, batch):
        _, logits = self.forward(model, batch["view"])
        return {"supervised": cross_entropies(logits, batch["labels"]).mean()}

    def trained(self, optimizer=None, epochs=3, **kwargs):
        """A model after some steps on one batch, with momentum and decay."""
        model = inject(self.make(**kwargs))
        default = keras.optimizers.SGD(0.1, momentum=0.9, weight_decay=1e-2)
        model.compile(optimizer or default, **EAGER)
        model.fit(self.batch(16), batch_size=16, epochs=epochs, verbose=0)
        return model

    def test_the_record_has_the_share_of_parameters_that_learn(self):
        model, batch = self.make(), self.batch(20)
        record = evaluate.accuracy(model, (batch["images"], batch["labels"]), baselines=False)
        assert record["settings"]["learned_share"] == round(model.learned_share, 6)


class BesideTheNetwork(Checks):
    """Of methods that add layers to a network that stays as it is."""

    learns = ("added", "head")
    learning_rate = 0.1

    @classmethod
    def make(cls, **kwargs):
        model = super().make(**kwargs)
        known = {id(variable) for variable in model.head.weights}
        added = [v for v in model.trainable_variables if id(v) not in known]
        object.__setattr__(model, "added", SimpleNamespace(weights=added))
        return model

    def test_it_starts_as_the_network_that_was_given(self):
        model = self.make()
        x = np.random.default_rng(0).random((4, 8, 8, 3), "float32")
        expected = ops.convert_to_numpy(model.backbone(x, training=False))
        np.testing.assert_allclose(model.encoder(x, training=False), expected, atol=1e-6)

    def test_the_network_and_its_statistics_stay_as_they_are(self):
        before = values(self.make().backbone.weights)
        model = self.trained()
        assert all(same(before, values(model.backbone.weights)))
        assert not any(same(values(self.make().added.weights), values(model.added.weights)))
