import numpy as np
import pytest
import shared_features
from few_labels import softmax
from harness import gradients
from keras import ops

from sslzoo import losses
from sslzoo.methods.transfer.dsan import DSAN


class TestDSAN(shared_features.Checks):
    method = DSAN
    term = "lmmd"
    arguments = {"weight": 0.1}  # small beside what 20 steps take off, since it rises

    def alignment(self, model, batch, source, target):
        """By `losses.lmmd`, which tests/losses holds against the formula."""
        kernel, bias = (ops.convert_to_numpy(w) for w in model.head.weights)
        p = softmax(target @ kernel + bias)
        ramp = 2 / (1 + np.exp(-10.0)) - 1  # a run of unknown length is at its end
        return 0.1 * ramp * float(losses.lmmd(source, target, batch["labels"], p))

    def test_the_weight_rises_from_zero_over_the_run(self):
        model, batch = self.make(), self.batch()
        whole = float(model.losses_logs_kept(batch)[0]["lmmd"]) / (2 / (1 + np.exp(-10.0)) - 1)
        for step in (0, 10, 50):
            model.clock.start(step, total=100, per_epoch=10)
            found = float(model.losses_logs_kept(batch)[0]["lmmd"])
            ramp = 2 / (1 + np.exp(-10 * step / 100)) - 1
            assert found == pytest.approx(ramp * whole, rel=1e-3, abs=1e-6)

    def test_the_probabilities_of_the_target_are_constants(self):
        """The distance alone leaves the head as it is."""
        model = shared_features.alone(self.make(), "lmmd")
        found = gradients(model, self.batch())
        assert shared_features.largest(found, model.head) == 0
        assert shared_features.largest(found, model.backbone) > 1e-4
