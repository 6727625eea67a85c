import keras
import numpy as np
import pytest
import shared_features
from harness import EAGER, _digits, dtype_policy, gradients, inject
from keras import ops

from sslzoo import data
from sslzoo.methods.transfer.adda import ADDA


def values(network):
    return [ops.convert_to_numpy(v).copy() for v in network.weights]


def same(before, after):
    return all((a == b).all() for a, b in zip(before, after, strict=True))


class TestADDA(shared_features.Learned):
    """Without a clock a step is of the second phase."""

    method = ADDA
    learns = ("backbone", "head", "discriminator")
    stopped = ("source_backbone", "source_head")
    canceled = ("head_dense1/kernel", "head_dense1/bias")  # they have learned in the first phase
    arguments = {"hidden": (16, 8)}
    drop = 0.1  # from the cross-entropy of ten classes to three terms of a game at rest

    def oracle(self, model, batch):
        source = ops.convert_to_numpy(model.source_backbone(batch["source"], training=False))
        target = ops.convert_to_numpy(model.backbone(batch["target"], training=True))
        real, fake = (ops.convert_to_numpy(model.discriminator(x)) for x in (source, target))
        real, fake = real.astype("float64"), fake.astype("float64")
        judged = 0.5 * (np.mean(np.log1p(np.exp(-real))) + np.mean(np.log1p(np.exp(fake))))
        fooled = 0.5 * np.mean(np.log1p(np.exp(-fake)))
        return {"supervised": 0.0, "discriminator": judged, "adversarial": fooled}

    def first_phase(self, **kwargs):
        """A model at the start of a run."""
        model = self.make(**kwargs)
        model.clock.start(0, total=10, per_epoch=10)
        return model

    def test_first_the_source_alone_is_learned(self):
        model, batch = self.first_phase(), self.batch()
        terms, _, _ = model.losses_logs_kept(batch)
        features = ops.convert_to_numpy(model.backbone(batch["source"], training=True))
        expected = self.supervised(model, batch, features.astype("float64"))
        assert float(terms["supervised"]) == pytest.approx(expected, rel=1e-4)
        assert float(terms["discriminator"]) == float(terms["adversarial"]) == 0.0
        found = gradients(model, batch)
        assert shared_features.largest(found, model.discriminator) == 0.0
        assert shared_features.largest(found, model.head) > 1e-3

    def test_each_player_has_its_own_loss(self):
        for term, learns, stays in (
            ("discriminator", "discriminator", "backbone"),
            ("adversarial", "backbone", "discriminator"),
        ):
            model = shared_features.alone(self.make(), term)
            found = gradients(model, self.batch())
            assert shared_features.largest(found, getattr(model, learns)) > 1e-5
            assert shared_features.largest(found, getattr(model, stays)) == 0.0

    def test_the_source_encoder_and_the_classifier_stay_in_the_second_phase(self):
        """Momentum and decay of the optimizer would go on moving what has no gradient."""
        model = inject(self.make(pretrain=0.5))
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9, weight_decay=1e-2), **EAGER)
        seen = {}

        class Follow(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                seen[epoch] = [
                    values(network)
                    for network in (model.source_backbone, model.source_head, model.backbone)
                ]

        batch = self.batch(16)
        model.fit(batch, batch_size=16, epochs=4, callbacks=[Follow()], verbose=0)
        assert same(seen[1][0], seen[1][2])  # the copy of the end of the first phase
        assert same(seen[1][0], seen[3][0]) and same(seen[1][1], seen[3][1])
        assert not same(seen[3][0], seen[3][2])
        assert not same(seen[3][1], values(model.head))
        x = ops.softmax(model.source_head(model(batch["images"])))
        np.testing.assert_allclose(model.classify(batch["images"]), x, rtol=1e-4, atol=1e-5)

    def test_the_other_domain_leaves_no_statistics(self):
        batch = self.batch()
        for model, unseen in ((self.first_phase(), "target"), (self.make(), "source")):
            model.losses_logs_kept({**batch, unseen: 100 + batch[unseen]})
            found = values(model.backbone)
            other = self.first_phase() if unseen == "target" else self.make()
            other.losses_logs_kept(batch)
            assert same(found, values(other.backbone))

    def test_mixed_precision_trains_and_stays_finite(self):
        """Both phases."""
        batch = self.batch(16)
        with dtype_policy("mixed_float16"):
            model = inject(self.make())
            model.compile(keras.optimizers.SGD(0.1), **EAGER)
        before = [ops.convert_to_numpy(v).copy() for v in model.trainable_variables]
        history = model.fit(batch, batch_size=16, epochs=4, verbose=0).history
        terms, _, _ = self.first_phase().losses_logs_kept(batch)
        assert history["loss"][0] == pytest.approx(float(terms["supervised"]), rel=0.05)
        assert history["supervised"][-1] == 0.0 < history["adversarial"][-1]
        for variable, old in zip(model.trainable_variables, before, strict=True):
            new = ops.convert_to_numpy(variable)
            assert np.isfinite(new).all() and (new != old).any(), variable.path

    def test_more_of_the_target_than_of_the_source_is_refused(self):
        feed = data.Paired(_digits(), 16, 2, unlabeled=shared_features.inverted(80))
        with pytest.raises(ValueError, match="ratio: got 2; it must be 1"):
            self.make().fit(feed)

    def test_wrong_arguments_are_named(self):
        with pytest.raises(ValueError, match="pretrain: got 0"):
            self.make(pretrain=0)
