from collections.abc import Sequence
from typing import Any

import keras

from sslzoo import backends, losses, nn
from sslzoo.methods.contrastive.simclr import SimCLR


@keras.saving.register_keras_serializable("sslzoo")
class DCL(SimCLR):
    """Yeh et al. 2022, "Decoupled Contrastive Learning", arXiv:2110.06848.

        loss_i = -cos(z_i, z_p(i)) / T + log sum_{k not of the same image} exp(cos(z_i, z_k) / T)

    SimCLR whose denominator leaves out the positive. In SimCLR that positive makes the gradients of
    small batches vanish. The loss is the mean over the 2N views of the global batch. Projector,
    views and passes are SimCLR's.

    Needs: images and strong color augmentation. Batches of 64 to 256 are enough.

    Known weakness: The gain over SimCLR is small at large batches. The loss has no lower bound of
    0, so its size tells little.

    Args:
        backbone: Network from images to features (N, D).
        projection: Units of the projector's layers, as in SimCLR. Default: (D, 128).
        temperature: T. The paper has 0.1 on ImageNet and 0.07 on CIFAR-10.
        augment: A preset or fields of `sslzoo.augment`, or a layer.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("dcl", "micro", 8, augment="digits")
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    def __init__(
        self,
        backbone: keras.Model,
        projection: Sequence[int] | None = None,
        temperature: float = 0.1,
        augment: Any = "simclr",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, projection, temperature, augment, seed=seed, name=name)

    def compute_losses(self, batch: dict) -> dict:
        z1, z2 = nn.one_pass(self.project, [batch["view1"], batch["view2"]])
        loss = losses.dcl(backends.gather(z1), backends.gather(z2), self.temperature)
        return {"dcl": loss}
