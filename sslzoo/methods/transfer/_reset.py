"""What the methods share that set part of a trained network to zero before they fine-tune it."""

from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import losses, nn
from sslzoo.checks import in_range
from sslzoo.methods.transfer.fine_tune import FineTune


class Reset(FineTune):
    """Fine-tuning that begins with some weights at zero: the lowest `share` of the `scores` that a
    subclass gives. Kernels of dense layers and convolutions alone.

    The first `fit` does it, once. BatchNorm normalizes by the batch, and its statistics go on: what
    was set to zero has changed them.

    Example:
        >>> from sslzoo import methods
        >>> from sslzoo.methods.transfer._reset import Reset
        >>> issubclass(methods.ReMoS, Reset)
        True
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        share: float,
        backbone_rate: float,
        augment: Any,
        seed: int,
        name: str | None,
    ) -> None:
        rates = {"backbone_rate": backbone_rate, "augment": augment}
        super().__init__(backbone, classes, **rates, seed=seed, name=name)
        self.share = float(in_range("share", share, 0, 1))
        self.run_state = nn.State(name="run_state")
        self.begun = self.run_state.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, name="begun"
        )
        self.run_state.built = True
        # A plain list: Keras would track the layers in it.
        self._own.kernels = nn.kernel_layers(self.backbone)

    def scores(self, data: dict | None) -> list[np.ndarray]:
        """Of each kernel an array of its shape. The lowest of all are set to zero."""
        raise NotImplementedError(f"{type(self).__name__}.scores is missing.")

    def kernels(self) -> list[np.ndarray]:
        """The values of the kernels."""
        return [ops.convert_to_numpy(layer.kernel) for layer in self._own.kernels]

    def begin_epoch(self, data: dict | None) -> None:
        if int(ops.convert_to_numpy(self.begun)):
            return
        zeros = nn.lowest(self.scores(data), self.share)
        for layer, zero in zip(self._own.kernels, zeros, strict=True):
            layer.kernel.assign(np.where(zero, 0, ops.convert_to_numpy(layer.kernel)))
        self.begun.assign(1)

    def compute_losses(self, batch: dict) -> dict:
        logits = self.head(self.represent(batch["view"]), training=True)
        return {"supervised": losses.confident_cross_entropy(logits, batch["labels"])}
