import keras
import numpy as np
import pytest
from harness import MethodChecks, digits, gradients, two_views
from keras import ops

from sslzoo import nn
from sslzoo.methods.restoring.inpainting import Inpainting
from sslzoo.nn import ema

PLAYERS = {"decoder": ["l2", "adversarial"], "discriminator": ["discriminator"]}
BOX = slice(2, 6), slice(2, 6)


class TestInpainting(MethodChecks):
    learns = ("backbone", "decoder", "discriminator")
    learning_rate = 0.02
    drop = 0.1

    @classmethod
    def make(cls, **kwargs):
        """The adversarial term is larger than the paper's, whose gradient would be lost."""
        small = {"width": 2, "hidden": 4, "l2_weight": 0.9, "overlap": 1, "augment": "none"}
        return Inpainting(nn.backbone("micro", 8), **small | kwargs)

    @classmethod
    def optimizer(cls, rate, momentum=0.0):
        paths = Inpainting.optimizer_groups["discriminator"]
        one, other = (keras.optimizers.SGD(rate, momentum=momentum) for _ in range(2))
        return keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(one, {paths: other}))

    @classmethod
    def batch(cls, n=13, seed=0):
        """A hole of 2x2 in a region of 4x4."""
        hidden = np.zeros((n, 8, 8, 1), "float32")
        hidden[:, 3:5, 3:5] = 1
        view = 0.1 + 0.8 * two_views(digits(n), seed)["view1"]
        return {"images": digits(n), "view": view, "hidden": hidden}

    def oracle(self, model, batch):
        def cross_entropy(x, real):
            logits = ops.convert_to_numpy(model.discriminator(x, training=True))
            p = 1 / (1 + np.exp(-logits.astype("float64")))
            return np.mean(-np.log(p if real else 1 - p))

        given = batch["view"].copy()
        for image in given:
            known = np.ones((8, 8), bool)
            known[3:5, 3:5] = False
            image[~known] = image[known].mean(axis=0)
        maps = keras.Model(model.backbone.input, model.backbone.get_layer("block2_relu").output)
        values = ops.convert_to_numpy(model.decoder(maps(given, training=True), training=True))
        painted = (1 / (1 + np.exp(-values)))[:, *BOX]
        original = batch["view"][:, *BOX]
        weights = np.full((4, 4, 1), 10.0)
        weights[1:3, 1:3] = 1
        error = np.mean(weights * (2 * (painted.astype("float64") - original)) ** 2)
        real, fake = cross_entropy(original, True), cross_entropy(painted, False)
        return {
            "l2": 0.9 * error,
            "adversarial": 0.1 * cross_entropy(painted, True),
            "discriminator": real + fake,
        }

    @pytest.mark.parametrize("player", PLAYERS)
    def test_the_losses_of_a_player_move_that_player_alone(self, player):
        model = self.make()
        losses = model.compute_losses
        for term in PLAYERS[player]:
            model.compute_losses = lambda batch, term=term: {term: losses(batch)[term]}
            found = gradients(model, self.batch())
            for attribute in PLAYERS:
                variables = ema.parameters(getattr(model, attribute))
                sizes = [np.abs(found[id(v)]).max() for v in variables]
                assert (min(sizes) > 0) if attribute == player else not any(sizes), term

    def test_random_regions_are_predicted_and_judged_with_the_whole_image(self):
        model = self.make(region="random", overlap=None)
        hidden = ops.convert_to_numpy(model.views({"images": digits(300)})["hidden"])
        shares = hidden.mean(axis=(1, 2, 3))
        assert set(np.unique(hidden)) == {0, 1} and shares.max() <= 0.25 and shares.min() > 0.05
        assert (hidden[0] != hidden[1]).any()
        assert np.abs(hidden.mean(axis=0) - 0.2).max() < 0.2  # no pixel is always hidden or seen
        batch = self.batch()
        first, *_ = model.losses_logs_kept(batch)
        batch["view"] = batch["view"].copy()
        batch["view"][:, 0, 0] = 0.9  # outside of the central region
        second, *_ = model.losses_logs_kept(batch)
        assert all(abs(float(first[name] - second[name])) > 1e-7 for name in first)

    def test_reconstruct_fills_the_center_alone(self):
        model, images = self.make(), digits(5)
        found, damaged = model.reconstruct(images), model.damage(images, np.random.default_rng(0))
        lost = damaged.hidden[..., 0]
        assert lost[0].sum() == 4 and lost[:, 3:5, 3:5].all()
        np.testing.assert_allclose(found[~lost], damaged.original[~lost], atol=1e-6)
        np.testing.assert_allclose(model.reconstruct(damaged.given), found, atol=1e-5)
        maps = model.map_and_features(damaged.given, training=False)[0]
        values = ops.convert_to_numpy(model.decoder(maps, training=False))
        np.testing.assert_allclose(found[lost], (1 / (1 + np.exp(-values)))[lost], atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"side": 8}, "side: got 8 px; it must be below 8, for images of 8x8"),
        ({"side": 4, "overlap": 2}, "overlap: got 2 px; it must leave something hidden in a reg"),
        ({"region": "random"}, "overlap: got 1 px; it must be None for random regions"),
        ({"region": "left"}, "region: got 'left'; it must be one of 'center', 'random'"),
        ({"l2_weight": 1.5}, "l2_weight: got 1.5"),
    ],
)
def test_impossible_regions_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        TestInpainting.make(**arguments)
