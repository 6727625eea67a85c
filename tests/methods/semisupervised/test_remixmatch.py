import few_labels
import numpy as np
import pytest
import six_kinds
from few_labels import mix_draws, mixed, softmax
from harness import gradients, terms
from keras import ops

from sslzoo import nn
from sslzoo.methods.semisupervised.remixmatch import ReMixMatch

FIRST = np.linspace(0.04, 0.16, 10)  # how often each class was predicted before


def cross_entropy(targets, p):
    return np.mean([-target @ np.log(own) for target, own in zip(targets, p, strict=True)])


class TestReMixMatch(few_labels.Checks):
    method = ReMixMatch
    learns = ("backbone", "head", "rotation_head")
    unlabeled_views = ("weak", "strong", "strong2")
    arguments = {"ramp": 0.0, "running_momentum": 0.9}

    @classmethod
    def make(cls, **kwargs):
        """With means that are not those of the first step."""
        model = super().make(**kwargs)
        model.running.running_probabilities.assign(FIRST)
        return model

    @classmethod
    def draws(cls, views, rng):
        turns = np.arange(len(views["strong"]), dtype="int32") % 4
        turned = np.stack([np.rot90(v, k) for v, k in zip(views["strong"], turns, strict=True)])
        return mix_draws(views, rng) | {"turns": turns, "turned": turned}

    def guesses(self, model, batch):
        logits = model.head(model.backbone(batch["weak"], training=True))
        p = softmax(ops.convert_to_numpy(logits).astype("float64"))
        labels = 0.9 * np.full(10, 0.1) + 0.1 * np.eye(10)[batch["labels"]].mean(axis=0)
        predictions = 0.9 * FIRST + 0.1 * p.mean(axis=0)
        found = []
        for row in p:
            aligned = row * (labels + 1e-6) / (predictions + 1e-6)
            powered = (aligned / aligned.sum()) ** 2
            found.append(powered / powered.sum())
        return np.array(found)

    def oracle(self, model, batch):
        names, guesses = ("labeled", *self.unlabeled_views), self.guesses(model, batch)
        targets = np.concatenate([np.eye(10)[batch["labels"]], *[guesses] * 3])
        images = np.concatenate([batch[name] for name in names])
        draws = np.concatenate([batch[f"mix_{name}"] for name in names])
        images, targets = mixed([images, targets], draws)
        whole = np.concatenate([images.astype("float32"), batch["strong"], batch["turned"]])
        features, n = model.backbone(whole, training=True), len(guesses)
        p = softmax(ops.convert_to_numpy(model.head(features)).astype("float64"))
        turns = softmax(ops.convert_to_numpy(model.rotation_head(features)).astype("float64"))
        return {
            "supervised": cross_entropy(targets[:n], p[:n]),
            "unlabeled": 1.5 * cross_entropy(targets[n:], p[n : 4 * n]),
            "strong": 0.5 * cross_entropy(guesses, p[4 * n : 5 * n]),
            "rotation": 0.5 * cross_entropy(np.eye(4)[batch["turns"]], turns[5 * n :]),
        }

    def unlabeled_term(self, model, batch, logits):
        """The oracle is whole."""

    def test_a_class_that_is_predicted_too_often_gets_less(self):
        model, batch = self.make(), self.batch(32)
        even = np.full(10, 0.1)
        model.running.running_probabilities.assign(even)
        plain = ops.convert_to_numpy(model.before_step(batch)["guesses"]).mean(axis=0)
        model.running.running_probabilities.assign(np.where(np.arange(10) == 3, 0.55, 0.05))
        found = ops.convert_to_numpy(model.before_step(batch)["guesses"]).mean(axis=0)
        assert found[3] < 0.1 * plain[3]

    def test_the_means_move_after_the_step_and_nothing_flows_through_the_guesses(self):
        model, batch = self.make(), self.batch()
        guessed = model.before_step(batch)
        np.testing.assert_allclose(model.running.of("probabilities"), FIRST, rtol=1e-6)
        model.running.move(guessed)
        expected = 0.09 + 0.1 * np.bincount(batch["labels"], minlength=10) / 13
        np.testing.assert_allclose(model.running.of("labels"), expected, rtol=1e-5)
        model.before_step = lambda batch: guessed  # made outside of what is differentiated
        fixed, found = gradients(model, batch), gradients(self.make(), batch)
        for mine, theirs in zip(fixed.values(), found.values(), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-5)

    def test_its_own_views_turn_a_quarter_of_the_images_each_way(self):
        model, batch = self.make(), self.batch(8)
        views = model.views({field: batch[field] for field in model.fields})
        turned, strong = (ops.convert_to_numpy(views[name]) for name in ("turned", "strong"))
        assert ops.convert_to_numpy(views["turns"]).tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
        for row, image in enumerate(strong):
            np.testing.assert_allclose(turned[row], np.rot90(image, row % 4), atol=1e-6)

    def test_the_ramp_is_that_of_the_unlabeled_terms_and_not_of_the_rotation(self):
        model, batch = self.make(ramp=1 / 64), self.batch()
        model.clock.start(0, total=640, per_epoch=10)
        losses, _ = terms(model, batch)
        assert float(losses["unlabeled"]) == float(losses["strong"]) == 0
        assert float(losses["rotation"]) > 0.1
        model.clock.start(5, total=640, per_epoch=10)
        half, _ = terms(model, batch)
        full, _ = terms(self.make(), batch)
        assert float(half["strong"]) == pytest.approx(float(full["strong"]) / 2, rel=1e-3)

    @pytest.mark.parametrize(
        ("network", "arguments", "message"),
        [
            (six_kinds.vectors, {}, "backbone: got one that reads vectors; it must read images"),
            (lambda: six_kinds.images(6, 10), {}, "got images of 6 x 10; it must read squares"),
            (lambda: nn.backbone("micro", 8), {"rotation_weight": -1}, "rotation_weight: got -1"),
            (lambda: nn.backbone("micro", 8), {"running_momentum": 1}, "running_momentum: got 1"),
        ],
    )
    def test_wrong_arguments_are_named(self, network, arguments, message):
        with pytest.raises(ValueError, match=message):
            ReMixMatch(network(), 10, **arguments)
