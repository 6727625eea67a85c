import few_labels
import numpy as np
import pytest
from few_labels import softmax
from harness import gradients

from sslzoo.methods.semisupervised.pi_model import PiModel


class TestPiModel(few_labels.Checks):
    method = PiModel
    unlabeled_views = ("weak", "weak2")
    arguments = {"ramp": 0.0}

    def unlabeled_term(self, model, batch, logits):
        first, second = softmax(logits["weak"]), softmax(logits["weak2"])
        total = 0.0
        for q, p in zip(first, second, strict=True):
            total += sum((p - q) ** 2)
        return 10 * total / (len(first) * 10)  # the weight; the mean over rows and classes

    def test_the_weight_rises_over_a_share_of_the_run(self):
        model = self.make(ramp=0.4)
        for step, expected in ((0, 0.0), (10, 2.5), (40, 10.0), (100, 10.0)):
            model.clock.start(step, total=100, per_epoch=10)
            assert float(model.weight()) == pytest.approx(expected)

    def test_the_target_is_a_constant(self):
        """With a gradient in both views, that of the head's bias would be another."""
        model, batch = self.make(), self.batch()
        logits = self.logits(model, batch)
        q, p = softmax(logits["weak"]), softmax(logits["weak2"])
        rows = softmax(logits["labeled"]) - np.eye(10)[batch["labels"]]
        outer = 2 * 10 * (p - q) / p.size  # d term / d p
        term = p * (outer - (outer * p).sum(axis=1, keepdims=True))
        expected = rows.mean(axis=0) + term.sum(axis=0)
        found = gradients(model, batch)[id(model.head.weights[1])]
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)

    def test_wrong_arguments_are_named(self):
        with pytest.raises(ValueError, match="ramp: got -1"):
            self.make(ramp=-1)
