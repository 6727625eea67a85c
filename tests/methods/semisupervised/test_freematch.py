import few_labels
import keras
import numpy as np
import pytest
from few_labels import softmax
from keras import ops

from sslzoo.methods.semisupervised.freematch import FreeMatch

FIRST = np.linspace(0.098, 0.102, 10)  # how often each class was predicted before


class TestFreeMatch(few_labels.Checks):
    method = FreeMatch
    arguments = {"running_momentum": 0.9, "fairness_weight": 0.5}

    @classmethod
    def make(cls, **kwargs):
        """With means that are not those of the first step, and that some pass and some do not."""
        model = super().make(**kwargs)
        model.running.running_confidence.assign(0.16)
        model.running.running_probabilities.assign(FIRST)
        model.running.running_histogram.assign(FIRST[::-1])
        return model

    def means(self, q):
        """Of this step: the global threshold, the local ones, the histogram."""
        largest = [row.max() for row in q]
        shares = [np.mean(q.argmax(axis=1) == c) for c in range(10)]
        now = 0.9 * 0.16 + 0.1 * np.mean(largest), 0.9 * FIRST + 0.1 * q.mean(axis=0)
        return (*now, 0.9 * FIRST[::-1] + 0.1 * np.array(shares))

    def passed(self, q):
        confidence, local, _ = self.means(q)
        thresholds = confidence * local / local.max()
        return np.array([row.max() >= thresholds[row.argmax()] for row in q])

    def unlabeled_term(self, model, batch, logits):
        q, p = softmax(logits["weak"]), softmax(logits["strong"])
        rows = zip(self.passed(q), q, p, strict=True)
        return sum(-np.log(own[guess.argmax()]) for ok, guess, own in rows if ok) / len(q)

    def oracle(self, model, batch):
        logits = self.logits(model, batch)
        q, p = softmax(logits["weak"]), softmax(logits["strong"])
        kept, (_, local, histogram) = p[self.passed(q)], self.means(q)
        wanted = local / histogram / np.sum(local / histogram)
        seen = np.array([np.mean(kept.argmax(axis=1) == c) for c in range(10)])
        here = np.array([m / s if s else 0.0 for m, s in zip(kept.mean(axis=0), seen, strict=True)])
        here = here / here.sum()
        fairness = sum(wanted[c] * np.log(here[c]) for c in range(10) if seen[c])
        return super().oracle(model, batch) | {"fairness": 0.5 * fairness}

    def test_some_pass_the_thresholds_and_some_do_not(self):
        _, logs, _ = self.make().losses_logs_kept(self.batch(32))
        assert 0.1 < float(logs["mask"]) < 0.9

    def test_thresholds_begin_at_chance_and_follow_the_network(self):
        """Beginning at 1, as in a version of the code, nothing would pass for hundreds of steps."""
        model = self.method(self.make().backbone, 10, augment="digits")
        _, logs, kept = model.losses_logs_kept(self.batch(32))
        assert float(logs["mask"]) > 0.5 and float(logs["threshold"]) < 0.15
        q = softmax(self.logits(model, self.batch(32))["weak"])
        expected = 0.999 * 0.1 + 0.001 * q.max(axis=1).mean()
        assert float(kept["running_confidence"]) == pytest.approx(expected, rel=1e-5)
        assert float(model.running.of("confidence")) == pytest.approx(0.1)  # not yet
        model.compile(keras.optimizers.SGD(0.1))
        model.after_step({**self.batch(32), **kept})
        assert float(model.running.of("confidence")) == pytest.approx(expected, rel=1e-6)

    def test_a_class_that_is_predicted_little_has_a_lower_threshold(self):
        model, batch = self.make(), self.batch(64)
        q = softmax(self.logits(model, batch)["weak"])
        rare = np.bincount(q.argmax(axis=1)).argmax()
        passed = {}
        for name, share in (("rare", 0.01), ("often", 0.5)):
            probabilities = np.full(10, 0.1)
            probabilities[rare] = share
            model.running.running_probabilities.assign(probabilities)
            model.running.running_confidence.assign(0.3)
            passed[name] = float(model.losses_logs_kept(batch)[1]["mask"])
        assert passed["rare"] > passed["often"]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"running_momentum": 1}, "running_momentum: got 1"),
            ({"fairness_weight": -1}, "fairness_weight: got -1"),
        ],
    )
    def test_wrong_arguments_are_named(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            self.make(**arguments)

    def test_the_means_are_in_checkpoints_and_not_in_weights_files(self):
        model, store = self.make(), {}
        assert any(v is model.running.running_confidence for v in model.variables)
        model.running.save_own_variables(store)
        assert sorted(store) == ["confidence", "histogram", "probabilities"]
        assert ops.convert_to_numpy(model.running.of("probabilities")).shape == (10,)
