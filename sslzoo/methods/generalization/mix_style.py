from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import nn
from sslzoo.checks import above, in_range
from sslzoo.losses.semisupervised import cross_entropies
from sslzoo.methods.generalization.erm import ERM


@keras.saving.register_keras_serializable("sslzoo")
class MixStyle(ERM):
    """Zhou et al. 2021, "Domain Generalization with MixStyle", arXiv:2104.02008.

        loss = mean of H(y, softmax(f(x))), with new styles behind some blocks of f

    The style of an item is the mean and the deviation of each channel of its map. It is mixed with
    the style of a random other row: lambda ~ Beta(alpha, alpha). See
    `sslzoo.augment.mix_style`. Only in training: `encode` and the export have nothing of it.

    Each row is mixed with probability p, where the official code (KaiyangZhou/mixstyle-release)
    mixes all rows of a batch or none. Partners are drawn from the whole batch: with domains, most
    pairs are from two of them.

    Needs: a network whose blocks give maps, and items with labels. No domains.

    Known weakness: It helps where domains differ in style, such as art and photographs. Where
    style is the class, it hurts.

    Args:
        backbone, classes, augment: As for `ERM`.
        blocks: The blocks whose maps are mixed. See `sslzoo.nn.blocks`. Default: the first one. The
            paper has the first two or three stages of a ResNet.
        probability: p, of each row and block. Default: 0.5, as in the paper.
        alpha: Default: 0.1, as in the paper.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits").take(slice(32))
        >>> model = sslzoo.build("mix_style", "micro", 8, classes=10)
        >>> history = model.fit(digits.images, digits.labels, batch_size=32, verbose=0)
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        blocks: Sequence[str] | None = None,
        probability: float = 0.5,
        alpha: float = 0.1,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, augment, seed, name)
        self.blocks = list(blocks) if blocks else nn.blocks(backbone).names[:1]
        self._own.parts = nn.parts(backbone, self.blocks)
        self.probability = float(in_range("probability", probability, 0, 1))
        self.alpha = float(above("alpha", alpha, 0))
        self.noise = nn.Noise(seed + 3)

    def views(self, batch: dict) -> dict:
        batch = super().views(batch)
        draws = {f"style_{block}": self.style_draws(batch["view"]) for block in self.blocks}
        return {**batch, **draws}

    def style_draws(self, rows: Any) -> Any:
        """lambda, 1 for a row that stays as it is, and a place of each row, float32 (N, 2)."""
        shape = (ops.shape(rows)[0],)
        share = keras.random.beta(shape, self.alpha, self.alpha, dtype="float32", seed=self.noise)
        mixes = keras.random.uniform(shape, dtype="float32", seed=self.noise) < self.probability
        place = keras.random.uniform(shape, dtype="float32", seed=self.noise)
        return ops.stack([ops.where(mixes, share, 1.0), place], axis=1)

    def compute_losses(self, batch: dict) -> dict:
        *parts, last = self._own.parts
        x = batch["view"]
        for block, part in zip(self.blocks, parts, strict=True):
            x = augmentation.mix_style(part(x, training=True), batch[f"style_{block}"])
        features = last(x, training=True)
        self.watch(features)
        logits = self.head(features, training=True)
        return {"risk": ops.mean(cross_entropies(logits, batch["labels"]))}
