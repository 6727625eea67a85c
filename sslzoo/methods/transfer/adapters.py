from typing import Any

import keras

from sslzoo import nn
from sslzoo.methods.transfer.fine_tune import FineTune, freeze


@keras.saving.register_keras_serializable("sslzoo")
class Adapters(FineTune):
    """Houlsby et al. 2019, "Parameter-Efficient Transfer Learning for NLP", arXiv:1902.00751.

        loss = mean over the batch of H(y, softmax(head(f(x))))
        behind each block of f: x -> x + U relu(D norm(x) + d) + u

    norm is a LayerNormalization over the channels, as in the adapters of speech encoders (Hou et
    al. 2021, arXiv:2105.11905). U and u start at zero, so f starts as it was. Adapters and head
    learn. All other weights and BatchNorm's statistics stay as they are. See
    `sslzoo.nn.with_adapters`.

    Of several tasks each has its own adapters and head, beside one network.

    Needs: items with labels, and a trained network.

    Known weakness: The adapters stay in the network and take time at inference. Those of LoRA
    do not.

    Args:
        backbone: Trained network from items to features (N, D). It stays as it is.
        classes, augment: As for `FineTune`.
        units: Rows of D, the width of the bottleneck. The paper has 8 to 256.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits").take(slice(64))
        >>> pretrained = sslzoo.load("simclr_resnet20.digits")
        >>> model = sslzoo.build("adapters", pretrained.backbone, classes=10, units=4)
        >>> history = model.fit(digits.images, digits.labels, batch_size=32, verbose=0)
        >>> round(model.learned_share, 2)
        0.02
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        units: int = 16,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, augment=augment, seed=seed, name=name)
        self.units = units
        freeze(self.backbone)
        self.adapted = nn.with_adapters(self.backbone, units, seed + 2)

    @property
    def encoder(self) -> keras.Model:
        return self.adapted
