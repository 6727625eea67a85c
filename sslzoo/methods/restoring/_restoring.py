"""What the methods share that learn from restoring images."""

from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import backends, nn
from sslzoo.augment import Damaged
from sslzoo.checks import refused
from sslzoo.training import Method, Verb


class Restoring(Method):
    """A method that restores what images have lost. `damage` says what is lost, for the protocol
    "restoration" and for pictures.

    Example:
        >>> import sslzoo
        >>> list(sslzoo.build("denoising_autoencoder", "micro", 8).verbs)
        ['encode', 'reconstruct']
    """

    verbs = {"encode": Verb("embedding"), "reconstruct": Verb("images")}

    def __init__(self, backbone: keras.Model, seed: int = 0, name: str | None = None) -> None:
        super().__init__(backbone, seed=seed, name=name)
        if self.reads.field != "images":
            raise refused("backbone", f"one that reads {self.reads.field}", "read images")

    @property
    def networks(self) -> list[keras.Model]:
        return [self.encoder, self.decoder]

    def damage(self, images: Any, rng: np.random.Generator) -> Damaged:
        """Images with a part of them lost, as `reconstruct` gets them.

        Args:
            images: (N, H, W) or (N, H, W, C), as for `encode`.
            rng: where random damage is drawn from. No backend changes it.
        """
        raise NotImplementedError(f"{type(self).__name__}.damage is missing.")

    def original(self, images: Any) -> np.ndarray:
        """Images as the network reads them: float32 (N, H, W, C) in 0..1."""
        return ops.convert_to_numpy(self.reads.layer(ops.convert_to_tensor(images)))

    def reconstruct(self, images: Any, batch_size: int = 256) -> np.ndarray:
        """Restored images, float32 (N, H, W, C) in 0..1, of the network's size. Arguments as for
        `encode`.
        """
        return self.apply_verb("reconstruct", images, batch_size)


class FromMap(Restoring):
    """Restores images from the last map of a convolutional network: a decoder makes values of every
    pixel.

    Args:
        values: The values of a pixel. Default: the channels of the images.
        finest: Pixels of an image for each of the result's, along a side. A map that is finer stays
            as it is.
        across: As for `nn.map_decoder`.

    Example:
        >>> import sslzoo
        >>> sslzoo.build("denoising_autoencoder", "micro", 8).decoder.output_shape
        (None, 8, 8, 3)
    """

    def __init__(
        self,
        backbone: keras.Model,
        values: int | None = None,
        finest: int = 1,
        across: bool = False,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        self.map_and_features = nn.map_and_features(backbone)
        map_shape = self.map_and_features.output_shape[0][1:]
        pairs = zip(map_shape[:2], self.reads.shape[:2], strict=True)
        sides = [max(of_map, of_image // finest) for of_map, of_image in pairs]
        shape = (*sides, values or self.reads.channels)
        self.decoder = nn.map_decoder(map_shape, shape, across, seed=seed + 1)

    def decode(self, x: Any) -> Any:
        """Values (N, H, W, values) of training images, with the spread of the features logged."""
        maps, features = self.map_and_features(x, training=True)
        self.track("feature_std", nn.feature_std(backends.gather(ops.stop_gradient(features))))
        return self.decoder(maps, training=True)

    def decode_graph(self, x: Any) -> Any:
        """The same at inference, with BatchNorm folded into the convolutions."""
        encoder = self._cached("map_and_features", lambda: nn.fold(self.map_and_features))
        decoder = self._cached("decoder", lambda: nn.fold(self.decoder))
        return decoder(encoder(x)[0])
