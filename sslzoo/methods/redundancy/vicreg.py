from collections.abc import Sequence
from typing import Any

import keras

from sslzoo import augment as augmentation
from sslzoo import backends, losses, nn
from sslzoo.checks import at_least, sizes
from sslzoo.training import Method


@keras.saving.register_keras_serializable("sslzoo")
class VICReg(Method):
    """Bardes et al. 2022, "VICReg: Variance-Invariance-Covariance Regularization for
    Self-Supervised Learning", arXiv:2105.04906.

        loss = invariance * mean (z1 - z2)^2
            + variance * mean over views and dimensions of max(0, 1 - sqrt(var z + 1e-4))
            + covariance * sum over views of sum_{i != j} cov(z)_ij^2 / D

    z1 and z2 are the embeddings of two views, which nothing normalizes. Variance and covariance are
    those of the global batch. The means and factors are those of the official code
    (facebookresearch/vicreg, main_vicreg.py). Each view has its own pass. The three terms are
    logged.

    Needs: images. It has no negatives. Batches of 256 are enough in the paper.

    Known weakness: The terms have large gradients: with SGD it needs a small learning rate, or it
    diverges. The official code has LARS at batch 2048. It wants a wide expander.

    Args:
        backbone: Network from images to features (N, D).
        projection: Units of the expander's dense layers. All but the last have BatchNorm and ReLU,
            the last one has no bias. The paper has (8192, 8192, 8192) for ImageNet. The default is
            solo-learn's for CIFAR-10.
        invariance, variance, covariance: Weights of the terms. The paper has 25, 25 and 1.
        augment: A preset or fields of `sslzoo.augment`, or a layer. The paper has BYOL's.

    Example:
        >>> import sslzoo
        >>> sizes = {"projection": (32, 16)}
        >>> model = sslzoo.build("vicreg", "micro", 8, augment="digits", **sizes)
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    # a quarter of the usual rate, at which it diverges
    recipe = {
        "optimizer": {"name": "sgd", "learning_rate": 0.03, "momentum": 0.9, "weight_decay": 5e-4}
    }
    min_batch = 2

    def __init__(
        self,
        backbone: keras.Model,
        projection: Sequence[int] = (2048, 2048, 2048),
        invariance: float = 25.0,
        variance: float = 25.0,
        covariance: float = 1.0,
        augment: Any = "byol",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        *hidden, out = sizes("projection", projection)
        rows = [(units, "batch", "relu") for units in hidden] + [(out, "no_bias", None)]
        self.projector = nn.head(self.feature_dim, rows, "projector", seed=seed + 1)
        self.two_views = augmentation.TwoViews(self.reads, augment, seed=seed)
        self.weights_of_terms = {
            "invariance": at_least("invariance", invariance, 0),
            "variance": at_least("variance", variance, 0),
            "covariance": at_least("covariance", covariance, 0),
        }

    def views(self, batch: dict) -> dict:
        return self.two_views(batch)

    def embed(self, view: Any) -> Any:
        """Training embeddings (N, projection) of views, of the global batch."""
        return backends.gather(self.projector(self.represent(view), training=True))

    def compute_losses(self, batch: dict) -> dict:
        parts = losses.vicreg_parts(self.embed(batch["view1"]), self.embed(batch["view2"]))
        return {name: weight * parts[name] for name, weight in self.weights_of_terms.items()}
