import numpy as np
import pytest
import shared_features
from harness import gradients
from keras import ops

from sslzoo.methods.transfer.dann import DANN


class TestDANN(shared_features.Checks):
    method = DANN
    term = "domain"
    learns = ("backbone", "head", "discriminator")
    arguments = {"hidden": (16, 8)}

    def alignment(self, model, batch, source, target):
        real, fake = (self.logits(model, part) for part in (source, target))
        return 0.5 * (np.mean(np.log1p(np.exp(-real))) + np.mean(np.log1p(np.exp(fake))))

    def logits(self, model, x):
        values = [ops.convert_to_numpy(w).astype("float64") for w in model.discriminator.weights]
        for kernel, bias in zip(values[::2], values[1::2], strict=True):
            x = np.maximum(x, 0) @ kernel + bias if kernel is not values[0] else x @ kernel + bias
        return x

    def test_features_raise_the_loss_that_the_discriminator_lowers(self):
        """With the gradient as it is, the features would help to tell the domains apart."""
        batch = self.batch(32)
        model = shared_features.alone(self.make(), "domain")
        model.clock.start(100, total=100, per_epoch=10)
        before = float(model.compute_losses(batch)["domain"])
        found = gradients(model, batch)
        for network, sign in ((model.discriminator, 1), (model.backbone, -1)):
            start = network.get_weights()
            for v in network.trainable_variables:
                v.assign(ops.convert_to_numpy(v) - 1e-2 * found[id(v)])
            after = float(model.compute_losses(batch)["domain"])
            assert sign * (before - after) > 1e-6
            network.set_weights(start)

    def test_lambda_weighs_the_reversed_gradient_and_not_the_discriminators_own(self):
        """A weight of the whole term would keep the discriminator from learning at the start."""
        model, batch = shared_features.alone(self.make(), "domain"), self.batch()
        steps = {}
        for step in (0, 50, 100):
            model.clock.start(step, total=100, per_epoch=10)
            found = gradients(model, batch)
            steps[step] = [
                shared_features.largest(found, network)
                for network in (model.backbone, model.discriminator)
            ]
        rate = {step: 2 / (1 + np.exp(-10 * step / 100)) - 1 for step in steps}
        assert steps[0][0] == 0.0
        assert steps[50][0] / steps[100][0] == pytest.approx(rate[50] / rate[100], rel=1e-3)
        for step in steps:
            assert steps[step][1] == pytest.approx(steps[100][1], rel=1e-4)

    def test_the_discriminator_sees_a_shift_of_the_mean(self):
        """BatchNorm in a pass for each domain would take it out."""
        model, features = self.make(), np.random.default_rng(0).normal(size=(8, 16))
        here, there = (
            ops.convert_to_numpy(model._judge(x.astype("float32")))
            for x in (features, features + 3)
        )
        assert np.abs(here.mean() - there.mean()) > 0.1

    def test_wrong_arguments_are_named(self):
        with pytest.raises(ValueError, match="slope: got 0"):
            self.make(slope=0)
