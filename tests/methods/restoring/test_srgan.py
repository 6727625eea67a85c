import re

import keras
import numpy as np
import pytest
import super_resolution
from harness import dtype_policy, gradients, inject
from keras import ops
from super_resolution import PHOTO

from sslzoo import nn
from sslzoo.methods.restoring.srgan import SRGAN
from sslzoo.nn import ema

PLAYERS = {"generator": ["content", "adversarial"], "discriminator": ["discriminator"]}


def two_optimizers(generator, discriminator):
    paths = SRGAN.optimizer_groups["discriminator"]
    return keras.optimizers.MultiOptimizer(
        keras.optimizers.OptimizerMap(generator, {paths: discriminator})
    )


class TestSRGAN(super_resolution.Checks):
    learns = ("generator", "discriminator")
    stopped = ("content",)
    learning_rate = 0.05
    drop = 0.2

    @classmethod
    def make(cls, **kwargs):
        """The weights of the terms are larger than the paper's, whose gradients would be lost
        beside the discriminator's.
        """
        sizes = {
            "scale": 2,
            "last_kernel": 3,
            "width": 2,
            "hidden": 4,
            "content_weight": 10.0,
            "adversarial_weight": 0.1,
        }
        content = {"content": nn.backbone("micro", 8, seed=5), "content_layer": "block1_relu"}
        return SRGAN(cls.trunk(), **content | sizes | kwargs)

    @classmethod
    def optimizer(cls, rate, momentum=0.0):
        return two_optimizers(*(keras.optimizers.SGD(rate, momentum=momentum) for _ in range(2)))

    def oracle(self, model, batch):
        def run(network, x, training=True):
            return ops.convert_to_numpy(network(x, training=training)).astype("float64")

        def cross_entropy(logits, real):
            p = 1 / (1 + np.exp(-logits))
            return np.mean(-np.log(p if real else 1 - p))

        images = run(model.generator, batch["low"]).astype("float32")
        phi, wanted = (run(model.content, x, training=False) for x in (images, batch["high"]))
        real, fake = (run(model.discriminator, x) for x in (batch["high"], images))
        return {
            "content": 10.0 * np.mean((phi - wanted) ** 2),
            "adversarial": 0.1 * cross_entropy(fake, real=True),
            "discriminator": cross_entropy(real, real=True) + cross_entropy(fake, real=False),
        }

    @pytest.mark.parametrize("player", PLAYERS)
    def test_the_losses_of_a_player_move_that_player_alone(self, player):
        model = self.make()
        losses = model.compute_losses
        for term in PLAYERS[player]:
            model.compute_losses = lambda batch, term=term: {term: losses(batch)[term]}
            found = gradients(model, self.batch())
            for attribute in self.learns:
                sizes = [
                    np.abs(found[id(v)]).max() for v in ema.parameters(getattr(model, attribute))
                ]
                assert (min(sizes) > 0) if attribute == player else not any(sizes), (
                    term,
                    attribute,
                )

    def test_judging_for_the_generator_leaves_the_discriminators_statistics(self):
        """Two batches a step, real and fake: a third would be counted if D were simply called for
        the adversarial term.
        """
        model, batch = self.make(), self.batch()
        norm = model.discriminator.get_layer("discriminator_2_bn")
        images = model.generator(batch["low"], training=True)
        expected = 0.0
        for x in (batch["high"], images):
            values = model.discriminator.layers[1](x)
            values = model.discriminator.get_layer("discriminator_1_leaky")(values)
            for name in ("discriminator_2_conv_pad", "discriminator_2_conv"):
                values = model.discriminator.get_layer(name)(values)
            expected = 0.9 * expected + 0.1 * ops.convert_to_numpy(ops.mean(values, axis=(0, 1, 2)))
        model.losses_logs_kept(batch)
        np.testing.assert_allclose(norm.moving_mean, expected, rtol=1e-4, atol=1e-6)

    def test_the_groups_of_optimizers_are_the_players(self):
        model = self.make()
        for name, pattern in model.optimizer_groups.items():
            matched = {id(v) for v in model.trainable_variables if re.fullmatch(pattern, v.path)}
            assert matched == {id(v) for v in ema.parameters(getattr(model, name))}

    def test_each_player_has_its_own_optimizer(self):
        model = inject(self.make())
        model.compile(two_optimizers(keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.1)))
        before = {
            name: [ops.convert_to_numpy(v) for v in ema.parameters(getattr(model, name))]
            for name in PLAYERS
        }
        model.fit(self.batch(16), batch_size=16, verbose=0)
        for name, old in before.items():
            moved = [
                (ops.convert_to_numpy(v) != o).any()
                for v, o in zip(ema.parameters(getattr(model, name)), old, strict=True)
            ]
            assert all(moved) if name == "discriminator" else not any(moved), name

    def test_two_optimizers_in_half_precision_with_loss_scaling(self):
        with dtype_policy("mixed_float16"):
            model = inject(self.make())
            model.compile(two_optimizers(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3)))
        before = [ops.convert_to_numpy(v) for v in model.trainable_variables]
        history = model.fit(self.batch(16), batch_size=16, epochs=4, verbose=0).history
        assert np.isfinite(history["loss"]).all()
        for variable, old in zip(model.trainable_variables, before, strict=True):
            new = ops.convert_to_numpy(variable)
            assert np.isfinite(new).all() and (new != old).any(), variable.path

    def test_a_weighted_pixel_term_may_join(self):
        losses, _, _ = self.make(pixel_weight=0.5).losses_logs_kept(self.batch())
        alone, _, _ = self.make().losses_logs_kept(self.batch())
        batch = self.batch()
        images = ops.convert_to_numpy(self.make().generator(batch["low"], training=True))
        assert losses.keys() - alone.keys() == {"l1"}
        assert float(losses["l1"]) == pytest.approx(
            0.5 * np.abs(images - batch["high"]).mean(), rel=1e-4
        )

    def test_content_is_a_copy_of_the_given_network(self):
        content = nn.backbone("micro", 8, seed=5)
        model = self.make(content=content)
        # up to its layer
        for mine, theirs in zip(model.content.get_weights(), content.get_weights(), strict=False):
            np.testing.assert_array_equal(mine, theirs)
        assert content.trainable_variables and not model.content.trainable_variables
        assert model.content.output_shape == (None, None, None, 8)

    @pytest.mark.slow
    def test_vgg19_judges_crops_of_the_papers_size(self):
        content = nn.vgg19_features(None)
        model = self.make(content=content, content_layer=None, content_weight=1.0, scale=4)
        mine, theirs = (
            network.get_layer("vgg19").get_layer("block5_conv4")
            for network in (model.content, content)
        )
        np.testing.assert_array_equal(mine.kernel, theirs.kernel)
        model.compile(self.optimizer(1e-3))
        before = [ops.convert_to_numpy(v) for v in model.trainable_variables]
        history = model.fit(
            np.stack([PHOTO[:96, :96], PHOTO[-96:, -96:]]), batch_size=2, verbose=0
        ).history
        assert all(
            np.isfinite(history[term]).all() and history[term][0] > 0
            for terms in PLAYERS.values()
            for term in terms
        )
        assert all(
            (ops.convert_to_numpy(v) != old).any()
            for v, old in zip(model.trainable_variables, before, strict=True)
        )

    def test_the_discriminator_gives_features(self):
        model = self.make()
        features = model.encode_discriminator(PHOTO[None, :8, :8])
        expected = model.discriminator_encoder(PHOTO[None, :8, :8] / 255, training=False)
        assert features.shape == (1, 16) and features.dtype == "float32"
        np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-6)

    def test_content_that_is_no_map_is_refused(self):
        with pytest.raises(
            ValueError, match=r"content: got a network whose output has shape \(None, 16\)"
        ):
            self.make(content_layer=None)
        with pytest.raises(
            ValueError, match="layer: got 'stage9'; it must be one of 'images', 'block1"
        ):
            self.make(content_layer="stage9")
