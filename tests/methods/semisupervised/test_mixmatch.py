import few_labels
import numpy as np
import pytest
from few_labels import mix_draws, mixed, softmax
from harness import gradients, terms
from keras import ops

from sslzoo.methods.semisupervised.mixmatch import MixMatch


class TestMixMatch(few_labels.Checks):
    method = MixMatch
    unlabeled_views = ("weak", "weak2")
    arguments = {"ramp": 0.0, "unlabeled_weight": 5.0}  # 75 at once would drown the labels
    drop = 0.1

    @classmethod
    def draws(cls, views, rng):
        return mix_draws(views, rng)

    def guesses(self, model, batch):
        views = [batch[name] for name in self.unlabeled_views]
        features = model.backbone(np.concatenate(views), training=True)
        logits = ops.convert_to_numpy(model.head(features)).astype("float64")
        first, second = np.split(softmax(logits), 2)
        powered = ((first + second) / 2) ** 2  # the mean first, then sharpened by 1 / 0.5
        return powered / powered.sum(axis=1, keepdims=True)

    def mixed(self, model, batch):
        names = ("labeled", *self.unlabeled_views)
        targets = [np.eye(10)[batch["labels"]], *[self.guesses(model, batch)] * 2]
        arrays = np.concatenate([batch[name] for name in names]), np.concatenate(targets)
        return mixed(arrays, np.concatenate([batch[f"mix_{name}"] for name in names]))

    def oracle(self, model, batch):
        images, targets = self.mixed(model, batch)
        logits = model.head(model.backbone(images, training=True))
        p, n = softmax(ops.convert_to_numpy(logits).astype("float64")), len(batch["labels"])
        supervised = np.mean([-y @ np.log(q) for y, q in zip(targets[:n], p[:n], strict=True)])
        return {"supervised": supervised, "unlabeled": self.unlabeled_term(targets[n:], p[n:])}

    def unlabeled_term(self, targets, p):
        return 5 * np.mean([np.mean((a - b) ** 2) for a, b in zip(targets, p, strict=True)])

    def test_nothing_flows_through_the_guesses_and_their_pass_moves_no_statistics(self):
        model, batch = self.make(), self.batch()
        before = model.backbone.get_weights()
        guessed = model.before_step(batch)
        after = model.backbone.get_weights()
        assert all(np.array_equal(old, new) for old, new in zip(before, after, strict=True))
        model.before_step = lambda batch: guessed  # made outside of what is differentiated
        fixed, found = gradients(model, batch), gradients(self.make(), batch)
        for mine, theirs in zip(fixed.values(), found.values(), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-5)

    def test_a_guess_is_the_mean_of_the_views_and_then_sharpened(self):
        """Of predictions that differ: the network is made surer, and one view is turned over."""
        model, batch = self.make(), self.batch()
        model.head.set_weights([20 * w for w in model.head.get_weights()])
        batch["weak2"] = 1 - batch["weak2"]
        found = ops.convert_to_numpy(model.before_step(batch)["guesses"])
        np.testing.assert_allclose(found, self.guesses(model, batch), atol=1e-3)
        features = model.backbone(np.concatenate([batch["weak"], batch["weak2"]]), training=True)
        p = softmax(ops.convert_to_numpy(model.head(features)).astype("float64")) ** 2
        first, second = np.split(p / p.sum(axis=1, keepdims=True), 2)
        assert np.abs((first + second) / 2 - found).max() > 0.05  # the other way round

    def test_labeled_and_unlabeled_rows_are_normalized_together(self):
        """What interleave is for: in passes of their own, neither would know the other."""
        model, batch = self.make(), self.batch()
        alone = {key: value.copy() for key, value in batch.items()}
        for name in ("labeled", "weak", "weak2"):
            alone[f"mix_{name}"][:, 0] = 1.0  # nothing is mixed
        darker = alone | {name: 0.3 * alone[name] for name in self.unlabeled_views}
        one, other = (float(terms(model, given)[0]["supervised"]) for given in (alone, darker))
        assert abs(one - other) > 1e-2

    def test_with_weight_zero_nothing_is_mixed(self):
        model, batch = self.make(unlabeled_weight=0), self.batch()
        losses, _ = terms(model, batch)
        features = model.backbone(batch["labeled"], training=True)
        p = softmax(ops.convert_to_numpy(model.head(features)).astype("float64"))
        rows = zip(p, batch["labels"], strict=True)
        expected = np.mean([-np.log(row[label]) for row, label in rows])
        assert losses.keys() == {"supervised"}
        np.testing.assert_allclose(float(losses["supervised"]), expected, rtol=1e-5)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"temperature": 0}, "temperature: got 0"),
            ({"alpha": 0}, "alpha: got 0"),
            ({"ramp": 2}, "ramp: got 2"),
        ],
    )
    def test_wrong_arguments_are_named(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            self.make(**arguments)
