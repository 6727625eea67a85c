from collections.abc import Callable
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
    Adversarial Network", arXiv:1609.04802. This is SRGAN's generator G alone, trained on pixels.

        loss = mean over pixels and channels of (G(low) - high)^2

    `low` is the crop `high` after Pillow's bicubic shrinking to 8 bits. Both are in [0, 1]. The
    paper has `high` in [-1, 1], which makes the loss four times as large. G adds its output to the
    bicubic enlargement of `low`. In the paper G makes the whole image. Crops are flipped and
    rotated at random, which the paper does not do.

    Needs: square crops of photographs. Their side must be a multiple of the scale. See
    `sslzoo.data.Crops`. The paper has 16 crops of 96 px in a batch.

    Known weakness: Results are blurred, because G returns the mean of all images that fit `low`.
    This gives the highest PSNR, not the best look. G knows only bicubic shrinking. It enlarges
    noise, other blurs and JPEG blocks as they are.

    Args:
        backbone: The trunk "srresnet", from images to features (N, D). A feature is the mean of a
            map of the size of the image.
        scale: 2, 4, 8, ...
        last_kernel: Side of the generator's last convolution. The paper has 9. EDSR has 3, at a
            ninth of the cost.
        pixel_loss: "mse" of the paper, or "l1", the mean of |G(low) - high|. EDSR finds "l1"
            better, even in PSNR (Lim et al. 2017, arXiv:1707.02921, section 4.2).
        slopes: "channels", a PReLU slope for each channel, or "one" for each PReLU.
        image: "bicubic", the enlargement that G adds to. Or "tanh": G makes the whole image.

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
        slopes: str = "channels",
        image: str = "bicubic",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        self.scale = scale
        self.pixel_loss = one_of("pixel_loss", pixel_loss, ("mse", "l1"))
        trunk = nn.feature_map(backbone)
        self.generator = nn.srresnet_generator(trunk, scale, last_kernel, seed + 1, slopes, image)
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
        """Enlarge images. Large ones are computed in tiles that overlap as far as the network sees.

        Args:
            images: (N, H, W), (N, H, W, 1) or (N, H, W, 3) of any size; integers 0..255 or floats
                0..1. Or `sslzoo.data.Pictures`, photographs of different sizes.
            batch_size: images a chunk; memory grows with it.

        Returns:
            (N, scale H, scale W, C), C the network's channels: uint8 of integers, float32 in 0..1
            of floats. Of `Pictures` a list of (scale H, scale W, C).
        """
        return self.apply_verb("upscale", images, batch_size, self._tiled)

    def _tiled(self, function: Callable, images: np.ndarray) -> np.ndarray:
        far = nn.reach(self.generator)
        return function(images) if far is None else nn.tiled(self._small, images, far, self.scale)

    def _small(self, images: np.ndarray) -> np.ndarray:
        """Enlarge images that are small enough to be computed at once.

        Single ones come in many sizes, and both backends keep what they made for each size.
        """
        if backends.open_shapes and (len(images) > 1 or nn.full(images)):
            whole = self._cached("whole", lambda: backends.compiled(self, self._whole_graph))
            return whole(images, shapes=self.reads.shapes(images))
        filled = self._cached("filled", lambda: backends.compiled(self, self._filled_graph))
        return nn.filled(lambda x: filled(x, shapes=self.reads.shapes(x)), images, self.scale)

    def upscale_graph(self, images: Any) -> Any:
        far = nn.reach(self.generator)
        if far is None:
            return self._whole_graph(images)

        def tiled():
            filled = ops.cast(images, "int16") if _integers(images) else images
            return nn.tiled_graph(self._filled_graph, filled, far, self.scale)

        sides = ops.shape(images)[1:3]
        small = ops.maximum(*sides) <= nn.WINDOW
        return ops.cond(small, lambda: self._whole_graph(images), tiled)

    def portable_graph(self, verb: str) -> Callable:
        return self._whole_graph if verb == "upscale" else super().portable_graph(verb)

    def _whole_graph(self, images: Any) -> Any:
        return self._enlarged(self._cached("upscaler", lambda: nn.fold(self.generator)), images)

    def _filled_graph(self, images: Any) -> Any:
        network = self._cached("inside", lambda: nn.fold(nn.inside(self.generator)))
        return self._enlarged(network, images)

    def _enlarged(self, network: keras.Model, images: Any) -> Any:
        enlarged = ops.clip(ops.cast(network(self.preprocess.unit(images)), "float32"), 0.0, 1.0)
        if _integers(images):
            return ops.cast(ops.floor(255.0 * enlarged + 0.5), "uint8")
        return enlarged


def _integers(images: Any) -> bool:
    return "int" in keras.backend.standardize_dtype(images.dtype)
