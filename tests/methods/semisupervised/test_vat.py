import few_labels
import numpy as np
import pytest
from few_labels import softmax
from harness import STATISTICS, terms
from keras import ops

from sslzoo.methods.semisupervised.vat import VAT


def length(rows):
    return np.linalg.norm(rows.reshape(len(rows), -1), axis=1)


class TestVAT(few_labels.Checks):
    method = VAT
    unlabeled_views = ("weak",)
    # Two devices round differently. With a small xi that turns the direction: with 0.1 by 1e-3
    # where oneDNN computes (TF_ENABLE_ONEDNN_OPTS=1), with 1 by 1e-6.
    arguments = {"ramp": 0.0, "unlabeled_weight": 1.0, "xi": 1.0}
    view_range = None  # the direction is normal

    @classmethod
    def draws(cls, views, rng):
        return {"direction": rng.normal(size=views["weak"].shape).astype("float32")}

    def moved(self, model, batch, views):
        """The student's logits of some unlabeled views, normalized together with the labeled."""
        features = model.backbone(np.concatenate([batch["labeled"], views]), training=True)
        return ops.convert_to_numpy(model.head(features)).astype("float64")[len(batch["labels"]) :]

    def divergence(self, model, batch, views):
        p = softmax(self.moved(model, batch, batch["weak"]))
        return np.sum(p * np.log(p / softmax(self.moved(model, batch, views))), axis=1)

    def oracle(self, model, batch):
        found = super().oracle(model, batch)
        q = softmax(self.logits(model, batch)["weak"])
        return found | {"entropy": -0.06 * np.mean(np.sum(q * np.log(q), axis=1))}

    def unlabeled_term(self, model, batch, logits):
        return np.mean(self.divergence(model, batch, ops.convert_to_numpy(batch["adversarial"])))

    def test_the_change_has_its_length_and_moves_more_than_a_random_one(self):
        model, batch = self.make(epsilon=0.5), self.batch(32)
        adversarial = ops.convert_to_numpy(model.before_step(batch)["adversarial"])
        np.testing.assert_allclose(length(adversarial - batch["weak"]), 0.5, rtol=1e-4)
        unit = batch["direction"] / length(batch["direction"])[:, None, None, None]
        random = self.divergence(model, batch, batch["weak"] + np.float32(0.5) * unit)
        assert self.divergence(model, batch, adversarial).mean() > 3 * random.mean()

    def test_a_change_of_no_length_has_no_divergence(self):
        """Normalized by another batch than p(u), it would have."""
        losses, _ = terms(self.make(epsilon=1e-6), self.batch(32))
        assert abs(float(losses["unlabeled"])) < 1e-6

    def test_the_statistics_are_those_of_the_one_pass_without_adversaries(self):
        model, plain, batch = self.make(), self.make(), self.batch()
        terms(model, batch)
        plain.backbone(np.concatenate([batch["labeled"], batch["weak"]]), training=True)
        pairs = zip(model.backbone.weights, plain.backbone.weights, strict=True)
        for mine, theirs in [pair for pair in pairs if pair[0].name in STATISTICS]:
            mine, theirs = ops.convert_to_numpy(mine), ops.convert_to_numpy(theirs)
            np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"epsilon": 0}, "epsilon: got 0"),
            ({"xi": -1e-6}, "xi: got -1e-06"),
            ({"entropy_weight": -1}, "entropy_weight: got -1"),
            ({"ramp": 2}, "ramp: got 2"),
        ],
    )
    def test_wrong_arguments_are_named(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            self.make(**arguments)
