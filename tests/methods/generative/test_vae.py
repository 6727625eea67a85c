import math

import keras
import numpy as np
import pytest
from harness import MethodChecks, digits
from keras import ops

from sslzoo import nn
from sslzoo.methods.generative.vae import VAE

LATENT = 3


def network(widths=(16,)):
    return nn.backbone("mlp", 8, channels=1, widths=widths)


class TestVAE(MethodChecks):
    learns = ("backbone", "mean", "log_variance", "decoder")
    learning_rate = 1e-2  # the loss is tens of nats
    drop = 5.0
    view_range = None  # noise

    @classmethod
    def make(cls, **kwargs):
        return VAE(network(), **{"latent_dim": LATENT, "decoder": (16,)} | kwargs)

    @classmethod
    def batch(cls, n=13, seed=0):
        """Digits, their pixels drawn, and the noise of one draw of z."""
        rng = np.random.default_rng(seed)
        images = digits(n)
        binary = (rng.random(images.shape) < images / 255).astype("float32")
        noise = rng.normal(size=(n, 1, LATENT)).astype("float32")
        return {"images": images, "binary": binary, "noise": noise}

    def oracle(self, model, batch, beta=1.0):
        """Pixel by pixel and latent by latent, in float64."""
        mean, log_variance, log_p = forward(model, batch["binary"], batch["noise"])
        reconstruction = kl = 0.0
        for i, image in enumerate(batch["binary"]):
            for x, p in zip(image.ravel(), np.exp(log_p[i, 0]).ravel(), strict=True):
                reconstruction -= math.log(p if x == 1 else 1 - p)
            for m, v in zip(mean[i], log_variance[i], strict=True):
                kl += 0.5 * (m * m + math.exp(v) - 1 - v)
        n = len(batch["binary"])
        return {"reconstruction": reconstruction / n, "kl": beta * kl / n}

    # ---- the bound that is trained --------------------------------------------------

    @pytest.mark.parametrize("beta", [0.0, 1.0, 4.0])
    def test_beta_weighs_the_kl_alone(self, beta):
        model, batch = self.make(beta=beta), self.batch()
        losses, *_ = model.losses_logs_kept(batch)
        for name, value in self.oracle(model, batch, beta).items():
            assert float(losses[name]) == pytest.approx(value, rel=1e-5)

    def test_loss_of_beta_1_is_the_negative_elbo(self):
        model, batch = self.make(), self.batch()
        losses, *_ = model.losses_logs_kept(batch)
        images = (255 * batch["binary"]).astype("uint8")
        elbo, _ = model.bounds_graph(images, 0 * batch["binary"], batch["noise"])
        assert float(sum(losses.values())) == pytest.approx(-float(ops.mean(elbo)), rel=1e-5)

    def test_bounds_do_not_depend_on_beta(self):
        """A KL that weighs less than 1 at test bounds nothing."""
        images = digits(9)
        plain, weighted = self.make(), self.make(beta=0.1)
        np.testing.assert_array_equal(plain.elbo(images), weighted.elbo(images))

    # ---- what is random -------------------------------------------------------------

    def test_pixels_are_drawn_anew_with_their_gray_value_as_probability(self):
        """Gray pixels in the loss would be no likelihood."""
        model = self.make()
        images = np.linspace(0, 255, 64).astype("uint8").reshape(1, 8, 8, 1)
        views = [
            ops.convert_to_numpy(model.views({"images": np.repeat(images, 1000, axis=0)})["binary"])
            for _ in range(2)
        ]
        assert set(np.unique(views)) == {0.0, 1.0}
        # 4 deviations of a mean of 2000 draws
        share = np.mean(views, axis=(0, 1))
        assert (np.abs(share - images[0] / 255) <= 4 * 0.5 / math.sqrt(2000)).all()
        assert (views[0] != views[1]).any()
        assert share.ravel()[0] == 0 and share.ravel()[-1] == 1

    def test_noise_is_standard_normal_and_drawn_anew(self):
        model = self.make()
        images = np.repeat(digits(1), 4000, axis=0)
        first, second = (
            ops.convert_to_numpy(model.views({"images": images})["noise"]) for _ in range(2)
        )
        assert first.shape == (4000, 1, LATENT)
        assert np.abs(first.mean(axis=0)).max() < 4 / math.sqrt(4000)
        assert np.abs(first.std(axis=0) - 1).max() < 0.05
        assert (first != second).all()

    # ---- verbs ----------------------------------------------------------------------

    def test_encode_is_the_posterior_mean_and_not_random(self):
        model, images = self.make(), digits(5)
        mean, _, _ = forward(model, images / 255, np.zeros((5, 1, LATENT)))
        np.testing.assert_allclose(model.encode(images), mean, rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(model.encode(images), model.encode(images))

    def test_reconstruction_is_decoded_from_the_posterior_mean(self):
        model, images = self.make(), digits(5)
        _, _, log_p = forward(model, images / 255, np.zeros((5, 1, LATENT)))
        found = model.reconstruct(images)
        assert found.shape == (5, 8, 8, 1) and found.dtype == "float32"
        np.testing.assert_allclose(found, np.exp(log_p[:, 0]), rtol=1e-4)

    def test_samples_are_decoded_standard_normal_latents(self):
        model = self.make()
        images = model.sample(500, seed=3)
        assert images.shape == (500, 8, 8, 1) and images.dtype == "float32"
        assert images.min() >= 0 and images.max() <= 1
        with model.noise.given(3):
            latents = ops.convert_to_numpy(model.normal((500,)))
        assert abs(latents.std() - 1) < 0.1
        hidden_kernel, hidden_bias, kernel, bias = dense(model.decoder)
        hidden = np.maximum(latents @ hidden_kernel + hidden_bias, 0)
        expected = 1 / (1 + np.exp(-(hidden @ kernel + bias)))
        np.testing.assert_allclose(images.reshape(500, -1), expected, rtol=1e-4)

    def test_sample_is_decided_by_its_seed_alone(self):
        model = self.make()
        first = model.sample(4, seed=1)
        model.views(self.batch(3))  # training goes on
        np.testing.assert_array_equal(model.sample(4, seed=1), first)
        assert (model.sample(4, seed=2) != first).any()

    @pytest.mark.slow
    @pytest.mark.tensorflow
    def test_exported_model_reconstructs_and_samples(self, tmp_path):
        import tensorflow as tf

        model, images = self.make(), digits(5)
        model.export(tmp_path, warmup=False)
        signatures = tf.saved_model.load(tmp_path / "1").signatures
        found = signatures["reconstruct"](images=tf.constant(images))["images"].numpy()
        np.testing.assert_allclose(found, model.reconstruct(images), rtol=1e-5)
        for n, seed in ((3, 1), (2, 7)):
            asked = {"n": tf.constant(n), "seed": tf.constant(seed)}
            found = signatures["sample"](**asked)["images"].numpy()
            np.testing.assert_allclose(found, model.sample(n, seed), rtol=1e-5)

    # ---- bounds of the likelihood ---------------------------------------------------

    def test_elbo_is_the_formula_on_the_drawn_pixels(self):
        model, images = self.make(), self.batch(7)["binary"]
        noise = np.random.default_rng([5, 1]).standard_normal((7, 1, LATENT), "float32")
        mean, log_variance, log_p = forward(model, images, noise)
        log_likelihood = log_bernoulli(images[:, None], log_p)[:, 0]
        kl = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1)
        np.testing.assert_allclose(model.elbo(images, seed=5), log_likelihood - kl, rtol=1e-5)

    def test_importance_weighted_bound_is_the_formula(self):
        model, images, samples = self.make(), self.batch(7)["binary"], 6
        noise = np.random.default_rng([5, 1]).standard_normal((7, samples, LATENT), "float32")
        mean, log_variance, log_p = forward(model, images, noise)
        z = mean[:, None] + np.exp(0.5 * log_variance)[:, None] * noise
        log_prior = -0.5 * (np.log(2 * np.pi) + z**2).sum(axis=2)
        log_q = -0.5 * (np.log(2 * np.pi) + log_variance[:, None] + noise**2).sum(axis=2)
        weights = np.exp(log_bernoulli(images[:, None], log_p) + log_prior - log_q)
        np.testing.assert_allclose(
            model.importance_weighted_bound(images, samples, seed=5),
            np.log(weights.mean(axis=1)),
            rtol=1e-5,
        )

    def test_importance_weighted_bound_rises_with_samples(self):
        model, images = self.make(), digits(200)
        bounds = [
            model.importance_weighted_bound(images, samples).mean() for samples in (1, 5, 50, 500)
        ]
        assert abs(bounds[0] - model.elbo(images).mean()) < 0.3
        assert bounds == sorted(bounds) and bounds[-1] > bounds[0] + 0.1

    def test_bounds_do_not_depend_on_the_size_of_a_batch(self):
        model, images = self.make(), digits(11)
        np.testing.assert_allclose(model.elbo(images, batch_size=4), model.elbo(images), rtol=1e-5)
        assert (model.elbo(images, seed=1) != model.elbo(images)).all()

    def test_probabilities_of_all_images_sum_to_one(self):
        """Two by two pixels: 16 images. A mean over pixels or over latents would break it."""
        model = VAE(nn.backbone("mlp", 2, channels=1, widths=(4,)), latent_dim=2, decoder=(4,))
        # q(z | x) a little wider than the prior, so that no sample weighs much
        mean, log_variance = dense(model.mean), dense(model.log_variance)
        model.mean.set_weights([0.2 * mean[0], mean[1]])
        model.log_variance.set_weights([0 * log_variance[0], log_variance[1] + 0.5])
        images = np.array([[i >> k & 1 for k in range(4)] for i in range(16)], "float32")
        bound = model.importance_weighted_bound(images.reshape(16, 2, 2, 1), samples=4000)
        assert np.exp(bound.astype("float64")).sum() == pytest.approx(1, abs=0.01)

    def test_bound_of_another_size_of_image_is_refused(self):
        """A resized image has another number of pixels, so its nats say something else."""
        with pytest.raises(ValueError, match=r"images: got shape \(2, 9, 8, 1\); it must be \(N,"):
            self.make().elbo(np.zeros((2, 9, 8, 1), "uint8"))

    # ---- arguments ------------------------------------------------------------------

    def test_linear_ablation_is_linear(self):
        model = VAE(network(widths=()), latent_dim=LATENT, decoder=())
        a, b = (x.astype("float32") / 255 for x in (digits(5), digits(5, start=5)))
        zero = model.encode(np.zeros_like(a))
        middle = model.encode((a + b) / 2) - zero
        np.testing.assert_allclose(
            middle, (model.encode(a) + model.encode(b)) / 2 - zero, rtol=1e-3, atol=1e-5
        )
        assert len(dense(model.decoder)) == 2

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"latent_dim": 0}, "latent_dim: got 0; it must be an integer of at least 1"),
            ({"beta": -1.0}, "beta: got -1.0; it must be a finite number of at least 0"),
            ({"decoder": (0,)}, "widths: got 0"),
        ],
    )
    def test_impossible_arguments_are_refused(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            self.make(**arguments)

    def test_backbone_that_reads_no_images_is_refused(self):
        vectors = keras.Input((8,))
        with pytest.raises(ValueError, match="backbone: got one that reads vectors"):
            VAE(keras.Model(vectors, keras.layers.Dense(4)(vectors)))


# ---- the model in NumPy, float64 --------------------------------------------------------


def dense(model):
    return [w.astype("float64") for w in model.get_weights()]


def forward(model, images, noise):
    """Mean and log variance (N, Z), and the log probability of a bright pixel (N, K, H, W, C)."""
    kernel, bias = dense(model.backbone)
    features = np.maximum(images.reshape(len(images), -1) @ kernel + bias, 0)
    mean, log_variance = (
        features @ kernel + bias for kernel, bias in (dense(model.mean), dense(model.log_variance))
    )
    z = mean[:, None] + np.exp(0.5 * log_variance)[:, None] * noise
    hidden_kernel, hidden_bias, kernel, bias = dense(model.decoder)
    logits = np.maximum(z @ hidden_kernel + hidden_bias, 0) @ kernel + bias
    log_p = -np.log1p(np.exp(-logits))
    return mean, log_variance, log_p.reshape(*noise.shape[:2], *images.shape[1:])


def log_bernoulli(binary, log_p):
    """Summed over pixels, (N, K)."""
    return np.where(binary == 1, log_p, np.log1p(-np.exp(log_p))).sum(axis=(2, 3, 4))
