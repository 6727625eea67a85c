from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import nn
from sslzoo.methods.transfer._reset import Reset


@keras.saving.register_keras_serializable("sslzoo")
class MagnitudePruning(Reset):
    """Han et al. 2015, "Learning both Weights and Connections for Efficient Neural Networks",
    arXiv:1506.02626: the smallest weights are set to zero and stay there, the others are
    fine-tuned.

        the `share` of weights with the smallest |w|: w = 0, also after each step
        loss = mean over the batch of H(y, softmax(head(f(x))))

    It is the baseline of `ReMoS`: it changes as many weights, without a look at the items. The
    paper prunes and trains in turns. Here all of it is pruned at once, before the training.

    Needs: items with labels, and a trained network.

    Known weakness: Zeros save nothing where the hardware multiplies by them all the same.

    Args:
        backbone: Trained network from items to features (N, D). A copy of it learns.
        classes: C, the number of classes.
        share: Of the weights of dense layers and convolutions that are pruned.
        backbone_rate, augment: As for `ReMoS`.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits").take(slice(64))
        >>> teacher = sslzoo.load("simclr_resnet20.digits")
        >>> student = sslzoo.build("magnitude_pruning", teacher.backbone, classes=10, share=0.5)
        >>> history = student.fit(digits.images, digits.labels, batch_size=32, verbose=0)
        >>> round(student.zeros, 3)
        0.5
    """

    recipe = {  # as `ReMoS`
        "optimizer": {"name": "sgd", "learning_rate": 0.05, "weight_decay": 1e-4}
    }

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        share: float = 0.5,
        backbone_rate: float = 0.1,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, share, backbone_rate, augment, seed, name)

    @property
    def zeros(self) -> float:
        """The share of the weights of dense layers and convolutions that are zero."""
        return float(np.mean(np.concatenate([each.ravel() for each in self.kernels()]) == 0))

    def scores(self, data: dict | None) -> list[np.ndarray]:
        """`nn.magnitude` of the kernels."""
        return nn.magnitude(self.kernels())

    def before_step(self, batch: dict) -> dict:
        pruned = [ops.equal(layer.kernel, 0) for layer in self._own.kernels]
        return {**super().before_step(batch), "pruned": pruned}

    def after_step(self, batch: dict) -> None:
        super().after_step(batch)
        for layer, pruned in zip(self._own.kernels, batch["pruned"], strict=True):
            kernel = ops.convert_to_tensor(layer.kernel)
            layer.kernel.assign(ops.where(pruned, 0.0, kernel))
