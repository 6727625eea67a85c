import few_labels
import numpy as np
import pytest
from few_labels import softmax

from sslzoo.methods.semisupervised.uda import UDA


class TestUDA(few_labels.Confident):
    method = UDA
    learning_rate = 0.05
    drop = 0.25

    def unlabeled_term(self, model, batch, logits):
        total = 0.0
        targets = softmax(logits["weak"] / model.temperature)
        for q, target, p in zip(
            softmax(logits["weak"]), targets, softmax(logits["strong"]), strict=True
        ):
            if q.max() > model.threshold:
                total -= target @ np.log(p)
        return total / len(batch["unlabeled"])

    @pytest.mark.parametrize("schedule", ["linear", "exp", "log"])
    def test_annealing_drops_what_is_learned_early_in_the_run(self, schedule):
        model, batch = self.make(annealing=schedule), self.batch()
        p = softmax(self.logits(model, batch)["labeled"])[np.arange(13), batch["labels"]]
        for progress in (0.1, 0.5, 1.0):
            model.clock.start(round(1000 * progress), total=1000, per_epoch=10)
            alpha = {
                "linear": progress,
                "exp": np.exp(5 * (progress - 1)),
                "log": 1 - np.exp(-5 * progress),
            }[schedule]
            kept = p[p <= alpha * 0.9 + 0.1]
            expected = np.mean(-np.log(kept)) if len(kept) else 0.0
            np.testing.assert_allclose(
                float(model.losses_logs_kept(batch)[0]["supervised"]),
                expected,
                rtol=1e-4,
                atol=1e-5,
            )

    def test_progress_is_the_share_of_the_run(self):
        model = self.make()
        assert float(model.clock.progress()) == 1.0  # before a run
        model.clock.total.assign(8)
        model.clock.step.assign(4)
        assert float(model.clock.progress()) == 0.5

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"annealing": "cosine"}, "annealing: got 'cosine'"),
            ({"temperature": 0.0}, "temperature: got 0.0"),
            ({"threshold": -0.1}, "threshold: got -0.1"),
        ],
    )
    def test_wrong_arguments_are_named(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            self.make(**arguments)
