"""The bounds of variational inference, on models whose likelihood is known exactly."""

import itertools
import math

import keras
import numpy as np
import pytest
from keras import ops

from sslzoo.losses import (
    bernoulli_log_likelihood,
    elbo,
    gaussian_kl,
    gaussian_log_density,
    importance_weighted_bound,
)

N, Z, D = 5, 3, 6


def values(tensor):
    return ops.convert_to_numpy(tensor)


def posteriors(n=N, latents=Z, seed=0):
    rng = np.random.default_rng(seed)
    mean = rng.normal(size=(n, latents)).astype("float32")
    return mean, rng.uniform(-3, 1, (n, latents)).astype("float32")


def log_normal(x, mean, covariance):
    """log N(x; mean, covariance) of rows x, in float64."""
    difference = x - mean
    _, log_determinant = np.linalg.slogdet(covariance)
    squared = np.einsum("nd,de,ne->n", difference, np.linalg.inv(covariance), difference)
    return -0.5 * (x.shape[1] * math.log(2 * math.pi) + log_determinant + squared)


# ---- each term against its formula ------------------------------------------------------


def kl_oracle(mean, log_variance, over_latents=np.sum, log_deviation=False):
    """Term by term in float64. The arguments make the mistakes of the field."""
    rows = []
    for m, v in zip(mean.astype("float64"), log_variance.astype("float64"), strict=True):
        variance = np.exp(2 * v) if log_deviation else np.exp(v)
        rows.append(over_latents(0.5 * (m**2 + variance - 1 - np.log(variance))))
    return np.array(rows)


@pytest.mark.parametrize(("n", "latents"), [(1, 1), (5, 3), (32, 50)])
def test_kl_is_the_closed_form_summed_over_latents(n, latents):
    mean, log_variance = posteriors(n, latents)
    np.testing.assert_allclose(
        values(gaussian_kl(mean, log_variance)), kl_oracle(mean, log_variance), rtol=1e-5
    )


@pytest.mark.parametrize("mistake", [{"over_latents": np.mean}, {"log_deviation": True}])
def test_tolerance_would_catch_the_mistakes_of_the_field(mistake):
    mean, log_variance = posteriors()
    right, wrong = kl_oracle(mean, log_variance), kl_oracle(mean, log_variance, **mistake)
    assert (np.abs(wrong - right) > 0.1 * right).all()


def test_kl_is_what_monte_carlo_finds():
    mean, log_variance = (x.astype("float64") for x in posteriors(2, 2))
    noise = np.random.default_rng(1).normal(size=(200_000, 2, 2))
    z = mean + np.exp(0.5 * log_variance) * noise
    log_q = sum(
        -0.5 * (np.log(2 * np.pi) + log_variance + noise**2)[..., j] for j in range(mean.shape[1])
    )
    log_p = sum(-0.5 * (np.log(2 * np.pi) + z**2)[..., j] for j in range(mean.shape[1]))
    difference = log_q - log_p
    error = difference.std(axis=0) / np.sqrt(len(difference))
    found = values(gaussian_kl(mean, log_variance))
    assert (np.abs(found - difference.mean(axis=0)) < 4 * error).all()
    assert (error < 0.01 * found).all()  # sharp enough to tell the mistakes


def test_kl_is_zero_at_the_prior_and_positive_elsewhere():
    zeros = np.zeros((1, Z), "float32")
    assert values(gaussian_kl(zeros, zeros)) == 0
    assert (values(gaussian_kl(*posteriors(200))) > 0).all()


def test_log_density_is_that_of_the_normal_distribution():
    mean, log_variance = posteriors()
    x = np.random.default_rng(2).normal(size=(N, Z))
    expected = [
        log_normal(x[i : i + 1], mean[i].astype("float64"), np.diag(np.exp(log_variance[i])))[0]
        for i in range(N)
    ]
    np.testing.assert_allclose(
        values(gaussian_log_density(x.astype("float32"), mean, log_variance)), expected, rtol=1e-5
    )
    standard = log_normal(x, np.zeros(Z), np.eye(Z))
    np.testing.assert_allclose(
        values(gaussian_log_density(x.astype("float32"))), standard, rtol=1e-5
    )


def test_log_likelihood_is_the_sum_over_all_pixels():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(N, 4, 3, 2), scale=3).astype("float32")
    targets = (rng.random(logits.shape) < 0.5).astype("float32")
    p = 1 / (1 + np.exp(-logits.astype("float64")))
    expected = [
        sum(math.log(q if x else 1 - q) for x, q in zip(a.ravel(), b.ravel(), strict=True))
        for a, b in zip(targets, p, strict=True)
    ]
    np.testing.assert_allclose(
        values(bernoulli_log_likelihood(targets, logits)), expected, rtol=1e-5
    )


def test_probabilities_of_all_images_sum_to_one():
    """Fails for a mean over pixels, and for anything else that is no distribution."""
    images = np.array(list(itertools.product([0.0, 1.0], repeat=4)), "float32").reshape(-1, 2, 2, 1)
    logits = np.random.default_rng(0).normal(size=(1, 2, 2, 1)).astype("float32")
    logits = np.repeat(logits, len(images), axis=0)
    total = np.exp(values(bernoulli_log_likelihood(images, logits)).astype("float64")).sum()
    assert total == pytest.approx(1, abs=1e-6)


def test_gray_pixels_have_no_likelihood():
    """One pixel: as a density over [0, 1] the same formula integrates to less than one."""
    grid = ((np.arange(1000) + 0.5) / 1000).astype("float32").reshape(-1, 1, 1, 1)
    for logit in (-3.0, 0.0, 2.0):
        logits = np.full_like(grid, logit)
        integral = np.exp(values(bernoulli_log_likelihood(grid, logits))).mean()
        assert integral < 0.6


def test_extreme_logits_stay_finite(gradients):
    logits = np.array([[[[1e4], [-1e4]]]], "float32")
    right, wrong = (np.array([[[[a], [b]]]], "float32") for a, b in ((1, 0), (0, 1)))
    assert values(bernoulli_log_likelihood(right, logits)) == 0
    assert values(bernoulli_log_likelihood(wrong, logits)) == -2e4
    (grad,) = gradients(lambda x: ops.sum(bernoulli_log_likelihood(wrong, x)), logits)
    np.testing.assert_allclose(grad.ravel(), [-1, 1])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_summed_in_float32(dtype):
    """784 pixels of log 2 each. Half precision knows no number within 0.2 of that sum; float32
    rounds each of 784 additions by at most 6e-8 of it.
    """
    logits = ops.zeros((1, 28, 28, 1), dtype)
    found = bernoulli_log_likelihood(ops.ones((1, 28, 28, 1), dtype), logits)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    assert float(found[0]) == pytest.approx(-784 * math.log(2), rel=5e-5)


def test_gradients_are_those_of_the_formulas(gradients, finite_differences):
    mean, log_variance = posteriors(2, 2)
    found = gradients(lambda m, v: ops.sum(gaussian_kl(m, v)), mean, log_variance)
    expected = finite_differences(lambda m, v: kl_oracle(m, v).sum(), mean, log_variance)
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(f, e, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (gaussian_kl, ((2, 3), (2, 4)), r"log_variance: got shape \(2, 4\); it must have that"),
        (gaussian_kl, ((3,), (3,)), r"mean: got shape \(3,\); it must be \(N, Z\)"),
        (bernoulli_log_likelihood, ((2, 8), (2, 2, 2, 2)), r"targets: got shape \(2, 8\)"),
        (bernoulli_log_likelihood, ((2, 4, 4, 1), (2, 4, 4, 3)), "have that of logits"),
    ],
)
def test_refuses_shapes_that_do_not_belong_together(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*(np.zeros(shape, "float32") for shape in arguments))


# ---- the bounds, on a model whose likelihood is known -----------------------------------


class LinearGaussian:
    """x = W z + mu + s noise, z from N(0, I): log p(x) = log N(x; mu, W W^T + s^2 I).

    The columns of W are orthogonal, so the exact posterior has a diagonal covariance.
    """

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        directions, _ = np.linalg.qr(rng.normal(size=(D, Z)))
        self.W = directions * np.array([1.5, 1.0, 0.5])
        self.mu = rng.normal(size=D)
        self.s = 0.7
        self.x = self.mu + rng.normal(size=(N, Z)) @ self.W.T + self.s * rng.normal(size=(N, D))

    def exact(self):
        return log_normal(self.x, self.mu, self.W @ self.W.T + self.s**2 * np.eye(D))

    def posterior(self):
        """(mean (N, Z), log variance (N, Z)) of p(z | x)."""
        precision = np.eye(Z) + self.W.T @ self.W / self.s**2
        covariance = np.linalg.inv(precision)
        assert np.allclose(covariance, np.diag(np.diag(covariance)))
        mean = (self.x - self.mu) @ self.W @ covariance / self.s**2
        return mean, np.repeat(np.log(np.diag(covariance))[None], N, axis=0)

    def expected_log_likelihood(self, mean, log_variance):
        """E_q[log p(x | z)] in closed form, (N,)."""
        residual = ((self.x - self.mu - mean @ self.W.T) ** 2).sum(axis=1)
        spread = (np.exp(log_variance) * (self.W**2).sum(axis=0)).sum(axis=1)
        return -0.5 * (D * math.log(2 * math.pi * self.s**2) + (residual + spread) / self.s**2)

    def log_likelihood(self, z):
        """log p(x | z) of z (N, K, Z), (N, K)."""
        noise = self.x[:, None] - (z @ self.W.T + self.mu)  # (N, K, D)
        covariance = self.s**2 * np.eye(D)
        return np.stack([log_normal(rows, np.zeros(D), covariance) for rows in noise])

    def log_weights(self, mean, log_variance, samples, seed=0):
        """log p(x | z) + log p(z) - log q(z | x) of drawn z, with the functions under test."""
        noise = np.random.default_rng(seed).normal(size=(N, samples, Z))
        q = mean[:, None], log_variance[:, None]
        z = q[0] + np.exp(0.5 * q[1]) * noise  # (N, K, Z)
        log_ratio = values(gaussian_log_density(z)) - values(gaussian_log_density(z, *q))
        return self.log_likelihood(z) + log_ratio


MODEL = LinearGaussian()


def worse_posteriors():
    mean, log_variance = MODEL.posterior()
    rng = np.random.default_rng(3)
    return [
        (mean + 0.3 * rng.normal(size=mean.shape), log_variance),
        (mean, log_variance + 0.8),
        (mean, log_variance - 0.8),
        (0 * mean, 0 * log_variance),
    ]


def linear_gaussian_elbo(mean, log_variance, kl=gaussian_kl):
    likelihood = MODEL.expected_log_likelihood(mean, log_variance)
    return values(elbo(likelihood, values(kl(mean, log_variance)).astype("float64")))


def test_elbo_is_the_exact_likelihood_at_the_exact_posterior():
    np.testing.assert_allclose(
        linear_gaussian_elbo(*MODEL.posterior()), MODEL.exact(), rtol=1e-5, atol=1e-5
    )


def test_elbo_is_below_the_exact_likelihood_elsewhere():
    for posterior in worse_posteriors():
        assert (linear_gaussian_elbo(*posterior) < MODEL.exact() - 1e-3).all()


@pytest.mark.parametrize("mistake", [{"over_latents": np.mean}, {"log_deviation": True}])
def test_mistakes_in_the_kl_break_the_equality(mistake):
    found = linear_gaussian_elbo(*MODEL.posterior(), lambda m, v: kl_oracle(m, v, **mistake))
    assert (np.abs(found - MODEL.exact()) > 0.1).all()


def test_elbo_averages_over_draws():
    log_likelihood = np.array([[-3.0, -1.0], [-5.0, -9.0]])
    np.testing.assert_allclose(values(elbo(log_likelihood, np.array([1.0, 2.0]))), [-3.0, -9.0])


def test_importance_weights_are_constant_at_the_exact_posterior():
    log_weights = MODEL.log_weights(*MODEL.posterior(), samples=4)
    np.testing.assert_allclose(
        log_weights, np.tile(MODEL.exact()[:, None], 4), rtol=1e-4, atol=1e-4
    )


def test_importance_weighted_bound_is_log_mean_exp():
    log_weights = np.random.default_rng(0).normal(size=(N, 7), scale=4).astype("float32")
    expected = np.log(np.exp(log_weights.astype("float64")).mean(axis=1))
    np.testing.assert_allclose(
        values(importance_weighted_bound(log_weights)), expected, rtol=1e-5, atol=1e-5
    )
    # as large as those of an image of 784 pixels, whose exp is 0
    shifted = values(importance_weighted_bound(log_weights - 800))
    np.testing.assert_allclose(shifted, expected - 800, rtol=1e-6)


def test_importance_weighted_bound_rises_with_samples_to_the_exact_likelihood():
    """Means over many repetitions, from the ELBO of one sample on."""
    mean, log_variance = worse_posteriors()[1]
    repetitions, means = 2000, []
    for samples in (1, 5, 50):
        log_weights = MODEL.log_weights(mean, log_variance, samples * repetitions)
        log_weights = log_weights.reshape(-1, samples)  # (N * repetitions, K)
        bound = values(importance_weighted_bound(log_weights)).reshape(N, repetitions)
        means.append(bound.mean(axis=1))
    one, five, fifty = means
    np.testing.assert_allclose(one, linear_gaussian_elbo(mean, log_variance), atol=0.1)
    assert (one + 0.05 < five).all() and (five < fifty).all()
    assert (fifty < MODEL.exact() + 0.02).all()
    assert np.abs(fifty - MODEL.exact()).max() < 0.1


@pytest.mark.tensorflow
def test_unknown_batch_size_under_tf_function():
    tf = pytest.importorskip("tensorflow")
    mean, log_variance = posteriors()
    traced = tf.function(gaussian_kl, input_signature=[tf.TensorSpec((None, Z))] * 2)
    np.testing.assert_allclose(
        traced(mean, log_variance).numpy(), kl_oracle(mean, log_variance), rtol=1e-5
    )
    traced = tf.function(importance_weighted_bound, input_signature=[tf.TensorSpec((None, None))])
    np.testing.assert_allclose(traced(np.zeros((2, 4), "float32")).numpy(), 0, atol=1e-6)
