from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import backends, nn
from sslzoo.checks import one_of, refused
from sslzoo.training import Method, Verb


@keras.saving.register_keras_serializable("sslzoo")
class SRResNet(Method):
    """Ledig et al. 2017, "Photo-Realistic Single Image Super-Resolution Using a Generative
    Adversarial Network", arXiv:1609.04802: the generator G of SRGAN alone, trained for the pixels.

    loss = mean over pixels and channels of (G(low) - high)^2, `low` being the crop `high` shrunk by
    Pillow's bicubic to 8 bits; both in [0, 1] (the paper: high in [-1, 1], which makes four times
    the loss). G adds what it computes to the bicubic enlargement of `low`; the paper's makes the
    whole image. Crops are flipped and turned at random (not in the paper).

    Needs: images, square crops of real pictures whose side is a multiple of the scale:
    `sslzoo.data.Crops`, 96 px and 16 a batch in the paper.
    Known weakness: the mean of all images that `low` may come from is blurred. It has the highest
    PSNR, not the best look. It knows only this way of shrinking: other blurs, noise and JPEG blocks
    are enlarged as they are.

    Args:
        backbone: the trunk, images -> features (N, D), the mean of a map of the size of the image:
            "srresnet".
        scale: 2, 4, 8, ...
        last_kernel: side of the generator's last convolution. 9 in the paper; EDSR has 3, at a
            ninth of the cost.
        pixel_loss: "mse", the paper's, or "l1", the mean of |G(low) - high| (EDSR, Lim et al. 2017,
            arXiv:1707.02921, section 4.2: better, in PSNR too).

    Example:
        >>> import numpy as np
        >>> import sslzoo
        >>> trunk = {"name": "srresnet", "width": 4, "blocks": 1}
        >>> model = sslzoo.build("srresnet", trunk, 16, scale=2, last_kernel=3)
        >>> history = model.fit(np.zeros((4, 16, 16, 3), "uint8"), batch_size=4, verbose=0)
        >>> model.upscale(np.zeros((1, 6, 8, 3), "uint8")).shape
        (1, 12, 16, 3)
    """

    # section 3.2
    recipe = {"optimizer": {"name": "adam", "learning_rate": 1e-4}, "schedule": "constant"}
    verbs = {"upscale": Verb("image", whole=True), "encode": Verb("embedding")}

    def __init__(
        self,
        backbone: keras.Model,
        scale: int = 4,
        last_kernel: int = 9,
        pixel_loss: str = "mse",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        self.scale = scale
        self.pixel_loss = one_of("pixel_loss", pixel_loss, ("mse", "l1"))
        trunk = nn.feature_map(backbone)
        self.generator = nn.srresnet_generator(trunk, scale, last_kernel, seed=seed + 1)
        self.generator_and_map = keras.Model(
            trunk.input, [self.generator.output, trunk.output], name="generator_and_map"
        )
        self.symmetry = augmentation.Symmetry(seed)

    @property
    def networks(self) -> list[keras.Model]:
        return [self.generator]  # the backbone is its first part

    def check(self, data: dict) -> None:
        _, height, width, _ = data["images"].shape
        if height != width or height % self.scale:
            needed = f"be squares, their side a multiple of {self.scale}, the scale"
            raise refused("images", f"{height}x{width} px", needed)

    def views(self, batch: dict) -> dict:
        images = self.symmetry(batch["images"])
        side = images.shape[1] // self.scale
        low = self.preprocess.unit(nn.bicubic(images, side, side))
        low = ops.clip(low, 0.0, 1.0)  # floats overshoot
        return {**batch, "high": self.preprocess.unit(images), "low": low}

    def compute_losses(self, batch: dict) -> dict:
        return {self.pixel_loss: self.pixel_error(self.generate(batch["low"]), batch["high"])}

    def pixel_error(self, images: Any, high: Any) -> Any:
        """The pixel loss, a scalar."""
        difference = images - high
        if self.pixel_loss == "mse":
            return ops.mean(ops.square(difference))
        return ops.mean(ops.abs(difference))

    def generate(self, low: Any) -> Any:
        """Training images of low-resolution views, with the spread of the trunk's features
        logged.
        """
        images, maps = self.generator_and_map(low, training=True)
        features = ops.mean(ops.cast(ops.stop_gradient(maps), "float32"), axis=(1, 2))
        self.track("feature_std", nn.feature_std(backends.gather(features)))
        return images

    def upscale(self, images: Any, batch_size: int = 16) -> np.ndarray:
        """Enlarge images.

        Args:
            images: (N, H, W), (N, H, W, 1) or (N, H, W, 3) of any size; integers 0..255 or floats
                0..1.
            batch_size: images a chunk; memory grows with it and with their size.

        Returns:
            (N, scale H, scale W, C), C the network's channels: uint8 of integers, float32 in 0..1
            of floats.
        """
        return self.apply_verb("upscale", images, batch_size)

    def upscale_graph(self, images: Any) -> Any:
        network = self._cached("upscaler", lambda: nn.fold(self.generator))
        enlarged = ops.clip(ops.cast(network(self.preprocess.unit(images)), "float32"), 0.0, 1.0)
        if "int" in keras.backend.standardize_dtype(images.dtype):
            return ops.cast(ops.floor(255.0 * enlarged + 0.5), "uint8")
        return enlarged
