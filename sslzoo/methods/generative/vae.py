from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import backends, inputs, losses, nn
from sslzoo.checks import at_least, refused, whole
from sslzoo.training import Method, Verb


@keras.saving.register_keras_serializable("sslzoo")
class VAE(Method):
    """Kingma & Welling 2014, "Auto-Encoding Variational Bayes", arXiv:1312.6114.

        loss = -E_q[log p(x | z)] + beta KL(q(z | x) || p(z)), in nats
        p(z) = N(0, I), q(z | x) = N(mean, diag variance), p(x | z) = Bernoulli(decoder(z))

    The loss sums over pixels and latents, and is the mean over the batch. The encoder gives mean
    and variance. A step draws z once. It also draws each pixel as 0 or 1, with the gray value as
    the probability, because gray pixels have no Bernoulli likelihood. Burda et al. 2016
    (arXiv:1509.00519) do the same.

    Needs: nearly black and white images, such as digits.

    Known weakness: Images are blurred, because each pixel is a probability. The KL term can switch
    latents off.

    Args:
        backbone: Network from images to features (N, D). Two dense layers turn the features into
            the mean and the log variance.
        latent_dim: Z, the number of latents. Burda et al. have 50.
        decoder: Units of the decoder's hidden layers, with ReLU. An empty tuple makes it linear.
            Kingma & Welling have one layer of 500 with tanh. Burda et al. have two of 200 with
            tanh.
        beta: Weight of the KL term. 1 is the VAE. Larger values are the beta-VAE (Higgins et al.
            2017).

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("vae", "mlp", 8, latent_dim=2)
        >>> _ = model.fit(sslzoo.data.load("digits"), verbose=0)
        >>> model.sample(3, seed=0).shape
        (3, 8, 8, 3)
    """

    recipe = {"optimizer": {"name": "adam", "learning_rate": 1e-3}}
    verbs = {
        "encode": Verb("embedding"),
        "reconstruct": Verb("images"),
        "sample": Verb("images", draws=True),
    }

    def __init__(
        self,
        backbone: keras.Model,
        latent_dim: int = 50,
        decoder: Sequence[int] = (500, 500),
        beta: float = 1.0,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        if not isinstance(self.reads, inputs.Images):
            raise refused("backbone", f"one that reads {self.reads.field}", "read images")
        self.latent_dim = whole("latent_dim", latent_dim, 1)
        self.beta = at_least("beta", beta, 0)
        rows = [(latent_dim, None, None)]
        self.mean = nn.head(self.feature_dim, rows, "mean", seed=seed + 1)
        self.log_variance = nn.head(self.feature_dim, rows, "log_variance", seed=seed + 2)
        means = self.mean(backbone.output)
        self.posterior_mean = keras.Model(backbone.input, means, name="posterior_mean")
        self.decoder = nn.mlp_decoder(latent_dim, self.reads.shape, decoder, seed=seed + 3)
        self.noise = nn.Noise(seed)

    def views(self, batch: dict) -> dict:
        images = self.reads.layer(batch["images"])  # (N, H, W, C)
        count = ops.shape(images)[0]
        uniform = keras.random.uniform((count, *images.shape[1:]), dtype="float32", seed=self.noise)
        binary = ops.cast(uniform < images, "float32")
        return {**batch, "binary": binary, "noise": self.normal((count, 1))}

    def normal(self, shape: tuple) -> Any:
        """Noise from N(0, I), float32 (*shape, Z)."""
        return keras.random.normal((*shape, self.latent_dim), dtype="float32", seed=self.noise)

    def compute_losses(self, batch: dict) -> dict:
        features = self.represent(batch["binary"])
        log_likelihood, kl, _ = self.terms(batch["binary"], features, batch["noise"])
        return {"reconstruction": -ops.mean(log_likelihood), "kl": self.beta * ops.mean(kl)}

    def terms(self, binary: Any, features: Any, noise: Any) -> tuple[Any, Any, Any]:
        """log p(x | z) (N, K), KL (N,) and log p(x, z) / q(z | x) (N, K) of noise (N, K, Z)."""
        mean = ops.cast(self.mean(features), "float32")  # (N, Z)
        log_variance = ops.cast(self.log_variance(features), "float32")  # (N, Z)
        q = mean[:, None], log_variance[:, None]  # (N, 1, Z)
        z = q[0] + ops.exp(0.5 * q[1]) * noise  # (N, K, Z)
        logits = self.decoder(ops.reshape(z, (-1, self.latent_dim)))  # (N K, H, W, C)
        targets = ops.repeat(binary, noise.shape[1], axis=0)  # (N K, H, W, C)
        log_likelihood = losses.bernoulli_log_likelihood(targets, logits)  # (N K,)
        log_likelihood = ops.reshape(log_likelihood, (-1, noise.shape[1]))  # (N, K)
        ratio = losses.gaussian_log_density(z) - losses.gaussian_log_density(z, *q)  # (N, K)
        return log_likelihood, losses.gaussian_kl(mean, log_variance), log_likelihood + ratio

    @property
    def ablations(self) -> dict:
        """The linear VAE: an encoder and a decoder without hidden layers."""
        encoder = {"name": "mlp", "widths": [], "channels": self.reads.channels}
        return {"linear_vae": {"backbone": encoder, "hyperparameters": {"decoder": []}}}

    # ---- verbs -----------------------------------------------------------------------

    @property
    def encoder(self) -> keras.Model:
        """Images -> posterior means (N, Z). Gray pixels go in as they are, so nothing is random."""
        return self.posterior_mean

    @property
    def networks(self) -> list:
        return [self.posterior_mean, self.decoder]

    def reconstruct(self, images: Any, batch_size: int = 256) -> np.ndarray:
        """p(bright) of each pixel, decoded from the posterior means: float32 (N, H, W, C) in 0..1.
        Arguments as for `encode`.
        """
        return self.apply_verb("reconstruct", images, batch_size)

    def reconstruct_graph(self, images: Any) -> Any:
        return ops.sigmoid(ops.cast(self.decoder(self(images)), "float32"))

    def sample(self, n: int, seed: int = 0) -> np.ndarray:
        """p(bright) of each pixel of `n` random images: float32 (n, H, W, C) in 0..1."""
        return self.draw_verb("sample", n, seed)

    def sample_graph(self, n: int, seed: Any) -> Any:
        with self.noise.given(seed):
            logits = self.decoder(self.normal((n,)))
        return ops.sigmoid(ops.cast(logits, "float32"))

    # ---- bounds of log p(x), whatever beta is ----------------------------------------

    def elbo(self, images: Any, seed: int = 0, batch_size: int = 256) -> np.ndarray:
        """The evidence lower bound of each image, nats (N,), with z drawn once. Images as for
        `encode`, of the network's own size; gray pixels are drawn as 0 or 1. Neither these draws
        nor z depend on `batch_size` or on the backend.
        """
        return self._bounds(images, 1, seed, batch_size)[0]

    def importance_weighted_bound(
        self, images: Any, samples: int = 50, seed: int = 0, batch_size: int = 64
    ) -> np.ndarray:
        """The bound of Burda et al. 2016, nats (N,), with z drawn `samples` times. Else as `elbo`,
        with the same pixels for the same seed.
        """
        return self._bounds(images, samples, seed, batch_size)[1]

    def _bounds(self, images, samples, seed, batch_size):
        images = self.reads.check(images)
        if tuple(images.shape[1:]) != self.reads.shape:
            needed = f"be {('N', *self.reads.shape)}".replace("'", "")
            raise refused("images", f"shape {images.shape}", needed)
        samples, batch_size = whole("samples", samples, 1), whole("batch_size", batch_size, 1)
        seed = whole("seed", seed, 0)
        pixels, latents = np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1])
        function = self._cached("bounds", lambda: backends.compiled(self, self.bounds_graph))
        parts = []
        for start in range(0, len(images), batch_size):
            chunk = np.asarray(images[start : start + batch_size])
            size = len(chunk), samples, self.latent_dim
            noise = latents.standard_normal(size, "float32")
            parts.append(function(chunk, pixels.random(chunk.shape, "float32"), noise))
        return [np.concatenate(values) for values in zip(*parts, strict=True)]

    def bounds_graph(self, images: Any, uniform: Any, noise: Any) -> tuple[Any, Any]:
        """ELBO and importance-weighted bound (N,) of images, for noise (N, K, Z)."""
        binary = ops.cast(uniform < self.reads.layer(images), "float32")
        *terms, log_weights = self.terms(binary, self.backbone(binary), noise)
        return losses.elbo(*terms), losses.importance_weighted_bound(log_weights)
