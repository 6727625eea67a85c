import few_labels
import numpy as np
import pytest
from few_labels import softmax

from sslzoo.methods.semisupervised.softmatch import SoftMatch

FIRST = np.linspace(0.04, 0.16, 10)  # how often each class was predicted before


class TestSoftMatch(few_labels.Checks):
    method = SoftMatch
    arguments = {"running_momentum": 0.9}

    @classmethod
    def make(cls, **kwargs):
        """With means that are not those of the first step."""
        model = super().make(**kwargs)
        model.running.running_probabilities.assign(FIRST)
        model.running.running_mean.assign(0.15)
        model.running.running_variance.assign(0.001)
        return model

    def confidence(self, q):
        running = 0.9 * FIRST + 0.1 * q.mean(axis=0)
        found = []
        for row in q:
            even = row * (0.1 + 1e-6) / (running + 1e-6)
            found.append((even / even.sum()).max())
        return np.array(found)

    def weights(self, q, mean=0.15):
        confidence = self.confidence(q)
        mean = 0.9 * mean + 0.1 * np.mean(confidence)
        variance = 0.9 * 0.001 + 0.1 * np.var(confidence, ddof=1)
        return [np.exp(-(min(c - mean, 0) ** 2) / (2 * variance / 4)) for c in confidence]

    def unlabeled_term(self, model, batch, logits):
        q, p = softmax(logits["weak"]), softmax(logits["strong"])
        rows = zip(self.weights(q), q, p, strict=True)
        return sum(-w * np.log(own[guess.argmax()]) for w, guess, own in rows) / len(q)

    def test_every_image_counts_and_an_unsure_one_less(self):
        model, batch = self.make(), self.batch(32)
        q = softmax(self.logits(model, batch)["weak"])
        median = float(np.median(self.confidence(q)))
        model.running.running_mean.assign(median)
        weights = np.array(self.weights(q, median))
        assert 0 < weights.min() < 0.9 and weights.max() == 1.0
        _, logs, _ = model.losses_logs_kept(batch)
        assert float(logs["mask"]) == pytest.approx(weights.mean(), rel=1e-3)

    def test_the_pseudo_label_is_the_network_s_and_not_the_aligned_one(self):
        """A class that is far too frequent loses all rows by alignment."""
        model, batch = self.make(), self.batch(32)
        q = softmax(self.logits(model, batch)["weak"])
        often = np.full(10, 1e-3)
        often[np.bincount(q.argmax(axis=1)).argmax()] = 0.99
        model.running.running_probabilities.assign(often)
        labels, _ = model.targets(np.log(q).astype("float32"), batch)
        np.testing.assert_array_equal(np.asarray(labels), q.argmax(axis=1))
        assert ((q / often).argmax(axis=1) != q.argmax(axis=1)).any()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"running_momentum": 1}, "running_momentum: got 1"),
            ({"sigmas": 0}, "sigmas: got 0"),
        ],
    )
    def test_wrong_arguments_are_named(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            self.make(**arguments)
