import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import backends, nn
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
    Known weakness: the mean of all images that `low` may come from is blurred; it has the highest
    PSNR, not the best look. Knows only this way of shrinking: other blurs, noise and JPEG blocks
    are enlarged as they are.

    Args:
        backbone: the trunk, images -> features (N, D), the mean of a map of the size of the image:
        "srresnet".
        scale: 2, 4, 8, ...
        last_kernel: side of the generator's last convolution. 9 in the paper; EDSR has 3, at a
        ninth of the cost.
        pixel_loss: "mse", the paper's, or "l1", the mean of |G(low) - high| (EDSR, Lim et al. 2017,
            arXiv:1707.02921, section 4.2: better, in PSNR too).
    """

    # section 3.2
    recipe = {"optimizer": {"name": "adam", "learning_rate": 1e-4}, "schedule": "constant"}
    verbs = {"upscale": Verb("image", whole=True), "encode": Verb("embedding")}

    def __init__(self, backbone, scale=4, last_kernel=9, pixel_loss="mse", seed=0, name=None):
        super().__init__(backbone, seed=seed, name=name)
        if pixel_loss not in ("mse", "l1"):
            raise ValueError(f"pixel_loss: got {pixel_loss!r}; it must be 'mse' or 'l1'.")
        trunk = nn.feature_map(backbone)
        self.generator = nn.srresnet_generator(trunk, scale, last_kernel, seed=seed + 1)
        self.generator_and_map = keras.Model(
            trunk.input, [self.generator.output, trunk.output], name="generator_and_map"
        )
        self.symmetry = augmentation.Symmetry(seed)
        self.scale = scale
        self.pixel_loss = pixel_loss

    @property
    def networks(self):
        return [self.generator]  # the backbone is its first part

    def check(self, data):
        _, height, width, _ = data["images"].shape
        if height != width or height % self.scale:
            raise ValueError(
                f"images: got {height}x{width} px; {type(self).__name__} needs squares, their "
                f"side a multiple of {self.scale}."
            )

    def views(self, batch):
        images = self.symmetry(batch["images"])
        side = images.shape[1] // self.scale
        # floats overshoot
        low = ops.clip(self.preprocess.unit(nn.bicubic(images, side, side)), 0.0, 1.0)
        return {**batch, "high": self.preprocess.unit(images), "low": low}

    def compute_losses(self, batch):
        return {self.pixel_loss: self.pixel_error(self.generate(batch["low"]), batch["high"])}

    def pixel_error(self, images, high):
        return ops.mean((ops.square if self.pixel_loss == "mse" else ops.abs)(images - high))

    def generate(self, low):
        """Training images of low-resolution views, with the spread of the trunk's features
        logged.
        """
        images, maps = self.generator_and_map(low, training=True)
        features = ops.mean(ops.cast(ops.stop_gradient(maps), "float32"), axis=(1, 2))
        self.track("feature_std", nn.feature_std(backends.gather(features)))
        return images

    def upscale(self, images, batch_size=16):
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

    def upscale_graph(self, images):
        network = self._cached("upscaler", lambda: nn.fold(self.generator))
        enlarged = ops.clip(ops.cast(network(self.preprocess.unit(images)), "float32"), 0.0, 1.0)
        if "int" in keras.backend.standardize_dtype(images.dtype):
            return ops.cast(ops.floor(255.0 * enlarged + 0.5), "uint8")
        return enlarged
