import few_labels
import numpy as np
import pytest
from few_labels import softmax

from sslzoo.methods.semisupervised.pseudo_label import PseudoLabel


class TestPseudoLabel(few_labels.Confident):
    method = PseudoLabel
    unlabeled_views = ("weak",)
    arguments = {"ramp": 0.0}

    def unlabeled_term(self, model, batch, logits):
        largest = softmax(logits["weak"]).max(axis=1)
        return sum(-np.log(q) for q in largest if q >= model.threshold) / len(batch["unlabeled"])

    def test_the_weight_rises_over_a_share_of_the_run(self):
        model = self.make(ramp=0.4, unlabeled_weight=2.0)
        for step, expected in ((0, 0.0), (10, 0.5), (40, 2.0), (100, 2.0)):
            model.clock.start(step, total=100, per_epoch=10)
            assert float(model.weight()) == pytest.approx(expected)
        full, _, _ = self.make(unlabeled_weight=2.0).losses_logs_kept(self.batch())
        model.clock.start(10, total=100, per_epoch=10)
        ramped, _, _ = model.losses_logs_kept(self.batch())
        assert float(ramped["unlabeled"]) == pytest.approx(float(full["unlabeled"]) / 4, rel=1e-4)

    def test_wrong_arguments_are_named(self):
        with pytest.raises(ValueError, match="ramp: got 2"):
            self.make(ramp=2)
