from typing import Any

import keras

from sslzoo import nn
from sslzoo.methods.transfer.fine_tune import FineTune, freeze


@keras.saving.register_keras_serializable("sslzoo")
class LoRA(FineTune):
    """Hu et al. 2022, "LoRA: Low-Rank Adaptation of Large Language Models", arXiv:2106.09685.

        loss = mean over the batch of H(y, softmax(head(f(x))))
        W -> W + alpha / rank * A B, in each convolution and dense layer of f

    W, all other weights and BatchNorm's statistics stay as they are. A (inputs, rank), B (rank,
    outputs) and the head learn. B starts at zero, so f starts as it was. The inputs of a
    convolution are the places of its window times its channels.

    `merged` puts A B into the kernels: a model without further layers, and as fast as the network
    before. `export` writes that one. The paper changes the queries and values of attention alone.

    Needs: items with labels, and a trained network.

    Known weakness: In small networks the rank is a large part of the width, so little is saved.
    BatchNorm cannot follow data that looks different.

    Args:
        backbone: Trained network from items to features (N, D). It stays as it is.
        classes, augment: As for `FineTune`.
        rank: Columns of A. The paper has 1 to 64.
        alpha: Scale of the change. None: the rank.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits").take(slice(64))
        >>> pretrained = sslzoo.load("simclr_resnet20.digits")
        >>> model = sslzoo.build("lora", pretrained.backbone, classes=10, rank=2)
        >>> history = model.fit(digits.images, digits.labels, batch_size=32, verbose=0)
        >>> round(model.learned_share, 2)
        0.05
        >>> model.merged().learned_share
        1.0
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        rank: int = 4,
        alpha: float | None = None,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, augment=augment, seed=seed, name=name)
        freeze(self.backbone)
        self.adapted = nn.with_low_rank(self.backbone, rank, alpha, seed + 2)

    @property
    def encoder(self) -> keras.Model:
        return self.adapted

    @property
    def networks(self) -> list[keras.Model]:
        """Those of the export, which is merged."""
        return [self.backbone, self.head]

    def merged(self) -> FineTune:
        """The same classifier with plain kernels, untrained as to its optimizer."""
        plain = nn.merged(self.backbone, self.adapted)
        model = FineTune(plain, self.classes, seed=self.seed)
        model.head.set_weights(self.head.get_weights())
        return model

    def export(self, filepath: str, **settings: Any) -> Any:
        """As of any model, with the kernels merged."""
        return self.merged().export(filepath, **settings)
