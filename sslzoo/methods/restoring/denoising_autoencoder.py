from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import augment as augmentation
from sslzoo.methods.restoring._restoring import FromMap


@keras.saving.register_keras_serializable("sslzoo")
class DenoisingAutoencoder(FromMap):
    """Vincent et al. 2010, "Stacked Denoising Autoencoders: Learning Useful Representations in a
    Deep Network with a Local Denoising Criterion", JMLR 2010 (first at ICML 2008).

        loss = mean over pixels and channels of (decoder(map of x + noise) - x)^2

    x is an image in [0, 1]. The network sees it with noise, and learns to give it without. The
    paper trains one dense layer after another. Here a convolutional network learns at once, and
    the decoder reads the map that the network pools at its end. `reconstruct` removes the noise of
    images as they come.

    Needs: images, and a network that ends in global average pooling.

    Known weakness: Fine noise is removed by local smoothing, so little is learned of objects.
    It knows one kind of noise and one strength.

    Args:
        backbone: Network from images to features (N, D), the mean of a map.
        noise: "gaussian", clipped to [0, 1]. "masking" sets values to 0, as in the paper of 2008.
            "salt_and_pepper" sets them to 0 or 1.
        level: The standard deviation of "gaussian". The share of the values for the others. The
            paper tries 0.05 to 0.5, and shares of 0.1 to 0.4.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("denoising_autoencoder", "micro", 8, noise="masking", level=0.25)
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=16, verbose=0)
        >>> model.reconstruct(images).shape
        (32, 8, 8, 3)
    """

    recipe = {"optimizer": {"name": "adam", "learning_rate": 1e-3}}

    def __init__(
        self,
        backbone: keras.Model,
        noise: str = "gaussian",
        level: float = 0.3,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        self.noisy = augmentation.Noisy(noise, level, seed)

    def views(self, batch: dict) -> dict:
        images = self.reads.layer(batch["images"])
        return {**batch, "clean": images, "noisy": self.noisy(images)}

    def compute_losses(self, batch: dict) -> dict:
        error = self.decode(batch["noisy"]) - batch["clean"]
        return {"mse": ops.mean(ops.square(error))}

    def reconstruct_graph(self, images: Any) -> Any:
        return ops.clip(self.decode_graph(self.reads.layer(images)), 0.0, 1.0)

    def damage(self, images: Any, rng: np.random.Generator) -> augmentation.Damaged:
        original = self.original(images)
        given = self.noisy.drawn(original, rng)
        hidden = np.ones((*original.shape[:3], 1), bool)
        return augmentation.Damaged(original, given, hidden, {"noisy": given})
