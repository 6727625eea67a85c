from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import losses, nn
from sslzoo.checks import above, in_range
from sslzoo.methods.restoring._restoring import FromMap


@keras.saving.register_keras_serializable("sslzoo")
class Inpainting(FromMap):
    """Pathak et al. 2016, "Context Encoders: Feature Learning by Inpainting", arXiv:1604.07379.

        loss of G = l2_weight * mean w (G(x with a hole) - x)^2
            + (1 - l2_weight) * mean(-log D(G))
        loss of D = mean(-log D(x)) + mean(-log(1 - D(G)))

    The error is of pixels in [-1, 1]. w is 1 in the hole, and `overlap_weight` where pixels are
    predicted that G sees. With "center" a square is predicted, and D judges it alone. Its border of
    `overlap` pixels stays visible. With "random" the whole image is predicted and judged (the
    official code, pathak22/context-encoder, train.lua and train_random.lua). A layer across places
    carries what surrounds the hole into it. Holes have the mean color of the rest of the image,
    where the code has that of ImageNet.

    `reconstruct` hides the center itself, and leaves the rest as it is. With "random", give it
    images whose holes are filled by `augment.fill_mean`, and take what was hidden.

    Needs: images, and a network that ends in global average pooling.

    Known weakness: Large holes get blurred colors. The network sees holes in training and none in
    `encode`.

    Args:
        backbone: Network from images to features (N, D), the mean of a map.
        region: "center" or "random". The paper has random regions for features.
        side: Pixels of the side of a region's squares, see `augment.Regions`.
        overlap: Of "center", see there. The code has 4 of 64 pixels.
        overlap_weight: The code has 10. Its README trains random regions with 1.
        l2_weight: The code has 0.999.
        width, hidden: Channels of the discriminator's first convolution, and units of its dense
            layer. It is that of SRGAN. The code's has convolutions of 4x4 alone, from width 64.
        augment: A preset or fields of `sslzoo.augment`, or a layer. Default: a flip.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("inpainting", "micro", 8, width=2, hidden=4)
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=16, verbose=0)
        >>> model.reconstruct(images).shape
        (32, 8, 8, 3)
    """

    optimizer_groups = {"generator": r"(?!discriminator).*", "discriminator": r"discriminator.*"}
    # train.lua: Adam of beta 0.5, G ten times as fast as D
    recipe = {
        "optimizer": {"name": "adam", "learning_rate": 2e-3, "beta_1": 0.5},
        "groups": {
            optimizer_groups["discriminator"]: {
                "name": "adam",
                "learning_rate": 2e-4,
                "beta_1": 0.5,
            }
        },
        "schedule": "constant",
    }

    def __init__(
        self,
        backbone: keras.Model,
        region: str = "center",
        side: int | None = None,
        overlap: int | None = None,
        overlap_weight: float = 10.0,
        l2_weight: float = 0.999,
        width: int = 64,
        hidden: int = 512,
        augment: Any = None,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, across=True, seed=seed, name=name)
        self.regions = augmentation.Regions(self.reads, region, side, overlap, seed=seed + 3)
        self.overlap_weight = above("overlap_weight", overlap_weight, 0)
        self.l2_weight = in_range("l2_weight", l2_weight, 0, 1)
        self.discriminator = nn.srgan_discriminator(
            self.reads.channels, width, hidden, seed=seed + 2
        )
        augment = {"preset": "none", "flip": 0.5} if augment is None else augment
        self.one_view = augmentation.OneView(self.reads, augment, seed=seed)

    def views(self, batch: dict) -> dict:
        batch = self.one_view(batch)
        return {**batch, "hidden": self.regions(batch["view"])}

    def compute_losses(self, batch: dict) -> dict:
        painted = ops.sigmoid(self.decode(augmentation.fill_mean(batch["view"], batch["hidden"])))
        rows, columns = self.regions.box
        painted = painted[:, rows, columns]
        images = batch["view"][:, rows, columns]
        hidden = batch["hidden"][:, rows, columns]
        weights = hidden + self.overlap_weight * (1.0 - hidden)
        error = ops.mean(weights * ops.square(2.0 * (painted - images)))
        judged = nn.frozen(self.discriminator)(painted, training=True)
        real = self.discriminator(images, training=True)
        fake = self.discriminator(ops.stop_gradient(painted), training=True)
        return {
            "l2": self.l2_weight * error,
            "adversarial": (1.0 - self.l2_weight) * losses.generator_loss(judged),
            "discriminator": losses.discriminator_loss(real, fake),
        }

    def reconstruct_graph(self, images: Any) -> Any:
        images = self.reads.layer(images)
        if self.regions.kind == "random":
            return ops.sigmoid(self.decode_graph(images))
        hidden = ops.convert_to_tensor(self.regions.center())  # (1, H, W, 1)
        hidden = ops.broadcast_to(hidden, (ops.shape(images)[0], *hidden.shape[1:]))
        painted = ops.sigmoid(self.decode_graph(augmentation.fill_mean(images, hidden)))
        return ops.where(hidden > 0, painted, images)

    def damage(self, images: Any, rng: np.random.Generator) -> augmentation.Damaged:
        original = self.original(images)
        hidden = self.regions.drawn(len(original), rng)
        given = ops.convert_to_numpy(augmentation.fill_mean(original, hidden))
        lost = hidden > 0
        fillers = {"mean_color": given, "border": augmentation.fill_border(original, lost)}
        return augmentation.Damaged(original, given, lost, fillers)
