from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import losses, nn
from sslzoo.checks import at_least, refused
from sslzoo.methods.restoring.srresnet import SRResNet
from sslzoo.nn import ema
from sslzoo.training import Verb


@keras.saving.register_keras_serializable("sslzoo")
class SRGAN(SRResNet):
    """Ledig et al. 2017, "Photo-Realistic Single Image Super-Resolution Using a Generative
    Adversarial Network", arXiv:1609.04802: SRResNet's generator G against a discriminator D.

        loss of G = content_weight * mean (phi(G(low)) - phi(high))^2
            + adversarial_weight * mean(-log D(G(low))) + pixel_weight * mean |G(low) - high|
        loss of D = mean(-log D(high)) + mean(-log(1 - D(G(low))))

    phi gives the features of a frozen network. D is constant in the loss of G, and G in that of D.
    Both players step at once, on the same batch. G starts as a trained SRResNet. In a config, write
    `initial: {model: srresnet_x4, networks: [generator]}`. From random weights the game ends in
    poor local optima (section 3.2).

    Needs: images, as for `SRResNet`.

    Known weakness: It invents texture. Its PSNR is below SRResNet's, by 2.7 dB on Set5 x4 in the
    paper. It can invent only what phi sees. An encoder of small images knows little of fine
    texture.

    Args:
        backbone, scale, last_kernel, slopes, image: As for `SRResNet`.
        content: phi, a Functional network from images in [0, 1]. `sslzoo.build` and configs also
            take `{zoo: NAME}`, an encoder of this zoo, by default that of simclr_resnet20.cifar10.
            They take `{vgg19: PATH}` too, the paper's VGG-19, with Keras' weights or torchvision's
            (`vgg19-dcbb9e9d.pth`). The network is copied and frozen, and the copy is part of the
            weights file.
        content_layer: Name of the layer whose map is phi. Default: the output of the network, which
            must then be a map.
        content_weight: 1 with VGG-19, whose features include the paper's scale 1/12.75.
        adversarial_weight: 1e-3 (equation 3).
        pixel_weight: The paper has 0. ESRGAN has 1e-2 (Wang et al. 2018, arXiv:1809.00219, equation
            3). Contrastive encoders overlook color. Without this term, colors then drift.
        width, hidden: Channels of the discriminator's first convolution, 64, and units of its dense
            layer, 1024.

    Example:
        >>> import numpy as np
        >>> import sslzoo
        >>> trunk = {"name": "srresnet", "width": 4, "blocks": 1}
        >>> phi = {"content": sslzoo.nn.backbone("micro", 16), "content_layer": "block1_relu"}
        >>> small = {"scale": 2, "last_kernel": 3, "width": 2, "hidden": 4}
        >>> model = sslzoo.build("srgan", trunk, 16, **phi, **small)
        >>> model.upscale(np.zeros((1, 6, 8, 3), "uint8")).shape
        (1, 12, 16, 3)
    """

    optimizer_groups = {"generator": r"(?!discriminator).*", "discriminator": r"discriminator.*"}
    # A frozen encoder of this zoo; the weight makes the content term of bicubic images as large as
    # their MSE in [-1, 1], which is what 1/12.75 is for in the paper, and pixels keep the colors,
    # which the encoder overlooks.
    defaults = {
        "content": {"zoo": "simclr_resnet20.cifar10"},
        "content_layer": "stage2_block3_relu",
        "content_weight": 0.04,
        "pixel_weight": 0.1,
    }
    recipe = {  # section 3.2: 1e-4, then 1e-5 in the second half; here a cosine between the two
        "optimizer": {"name": "adam", "learning_rate": 1e-4},
        "groups": {optimizer_groups["discriminator"]: {"name": "adam", "learning_rate": 1e-4}},
        "warmup_share": 0.0,
        "final": 1e-5,
    }
    verbs = SRResNet.verbs | {"encode_discriminator": Verb("embedding")}

    def __init__(
        self,
        backbone: keras.Model,
        content: keras.Model,
        content_layer: str | None = None,
        content_weight: float = 1.0,
        adversarial_weight: float = 1e-3,
        pixel_weight: float = 0.0,
        scale: int = 4,
        last_kernel: int = 9,
        width: int = 64,
        hidden: int = 1024,
        slopes: str = "channels",
        image: str = "bicubic",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        generator = {"scale": scale, "last_kernel": last_kernel, "slopes": slopes, "image": image}
        super().__init__(backbone, pixel_loss="l1", seed=seed, name=name, **generator)
        self.content = ema.target(nn.any_size(content, content_layer))
        if len(self.content.output_shape) != 4:
            got = f"a network whose output has shape {self.content.output_shape}"
            raise refused("content", got, "give a map (N, H, W, C): name one by content_layer")
        self.discriminator = nn.srgan_discriminator(
            self.preprocess.channels, width, hidden, seed=seed + 2
        )
        features = self.discriminator.get_layer("discriminator_features").output
        self.discriminator_encoder = keras.Model(
            self.discriminator.input, features, name="discriminator_encoder"
        )
        self.content_weight = at_least("content_weight", content_weight, 0)
        self.adversarial_weight = at_least("adversarial_weight", adversarial_weight, 0)
        self.pixel_weight = at_least("pixel_weight", pixel_weight, 0)

    @property
    def networks(self) -> list[keras.Model]:
        return [self.generator, self.discriminator_encoder]

    def compute_losses(self, batch: dict) -> dict:
        low, high = batch["low"], batch["high"]
        images = self.generate(low)
        phi, wanted = self._content_of(images), self._content_of(high)
        judged = nn.frozen(self.discriminator)(images, training=True)
        real = self.discriminator(high, training=True)
        fake = self.discriminator(ops.stop_gradient(images), training=True)
        terms = {
            "content": self.content_weight * ops.mean(ops.square(phi - wanted)),
            "adversarial": self.adversarial_weight * losses.generator_loss(judged),
            "discriminator": losses.discriminator_loss(real, fake),
        }
        if self.pixel_weight:
            terms["l1"] = self.pixel_weight * self.pixel_error(images, high)
        return terms

    def _content_of(self, images: Any) -> Any:
        """phi, float32 (N, h, w, c)."""
        return ops.cast(nn.frozen(self.content)(images), "float32")

    def encode_discriminator(self, images: Any, batch_size: int = 256) -> np.ndarray:
        """Features (N, D) of images by the discriminator's convolutions; as `encode`."""
        return self.apply_verb("encode_discriminator", images, batch_size)

    def encode_discriminator_graph(self, images: Any) -> Any:
        network = self._cached("judge", lambda: nn.fold(self.discriminator_encoder))
        return ops.cast(network(self.preprocess(images)), "float32")
