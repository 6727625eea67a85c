import math
from typing import Any

import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import losses, nn
from sslzoo.checks import above, in_range, refused, whole
from sslzoo.nn import ema
from sslzoo.training.classifier import Classifier


@keras.saving.register_keras_serializable("sslzoo")
class FineTune(Classifier):
    """Yosinski et al. 2014, "How transferable are features in deep neural networks?",
    arXiv:1411.1792: a trained network and a new classifier learn labels together.

        loss = mean over the batch of H(y, softmax(head(f(x))))
        rate of block k = backbone_rate * decay^(k - 1) * rate of the head
        block k learns from epoch probe_epochs + (k - 1) * unfreeze_epochs on

    Blocks are counted from the output: k = 1 is the last one. See `sslzoo.nn.blocks`. A copy of the
    network learns, so the given one stays as it is. BatchNorm is always in inference mode: its
    statistics stay those of the training before, and the loss does not depend on the batch.

    The options are those of several papers, and may be combined:

    - `decay` and `unfreeze_epochs`: discriminative rates and gradual unfreezing. Howard & Ruder
      2018, "Universal Language Model Fine-tuning", arXiv:1801.06146, have 1 / 2.6 and 1 epoch.
    - `probe_epochs`: first the head alone, then all. Kumar et al. 2022, "Fine-Tuning can Distort
      Pretrained Features and Underperform Out-of-Distribution", arXiv:2202.10054.
    - `backbone_rate`: DeepDA and ReMoS have 0.1, with SGD.

    What does not learn yet is put back after each step, so that no momentum and no weight decay
    moves it. Adam with 1e-3 on all weights was the best on images held out of training sets. See
    `sslzoo.evaluate.finetune`.

    Needs: items with labels, and a trained network. A stream must know its steps per epoch.

    Known weakness: With few labels all weights can fit the training items and forget what they
    knew. Compare with a linear probe, and with LoRA.

    Args:
        backbone: Trained network from items to features (N, D).
        classes: C, the number of classes.
        frozen: Blocks from the input on that never learn. With all of them it is a linear probe.
        backbone_rate: Rate of the last block over that of the head.
        decay: Of the rate from a block to the one before it, in 0..1. 1 is the same for all.
        probe_epochs: Epochs in which the head learns alone.
        unfreeze_epochs: Epochs between a block and the one before it. 0: all start at once.
        augment: For images, a preset or fields of `sslzoo.augment`. For any kind of data, "none" or
            a Keras layer that changes items at random.

    Attributes:
        learned_share: The share of the parameters that learn, head included.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits").take(slice(64))
        >>> pretrained = sslzoo.load("simclr_resnet20.digits")
        >>> model = sslzoo.build("fine_tune", pretrained.backbone, classes=10, frozen=4)
        >>> history = model.fit(digits.images, digits.labels, batch_size=32, verbose=0)
        >>> model.classify(digits.images).shape
        (64, 10)
    """

    recipe = {"optimizer": {"name": "adam", "learning_rate": 1e-3}}

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        frozen: int = 0,
        backbone_rate: float = 1.0,
        decay: float = 1.0,
        probe_epochs: int = 0,
        unfreeze_epochs: int = 0,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        blocks = list(nn.block_weights(backbone))
        if whole("frozen", frozen, 0) > len(blocks):
            raise refused("frozen", frozen, f"be at most {len(blocks)}: {', '.join(blocks)}")
        network = keras.models.clone_model(backbone)
        ema.copy(backbone, network)
        super().__init__(network, classes, seed=seed, name=name)
        self.frozen = frozen
        self.backbone_rate = float(above("backbone_rate", backbone_rate, 0))
        self.decay = float(in_range("decay", decay, 0, 1, low_open=True))
        self.probe_epochs = whole("probe_epochs", probe_epochs, 0)
        self.unfreeze_epochs = whole("unfreeze_epochs", unfreeze_epochs, 0)
        self.one_view = augmentation.OneView(self.reads, augment, seed=seed)
        freeze(network, frozen)
        # A plain list: Keras would track the weights in it.
        self._own.paces = [pace for pace in self.paces() if pace[1:] != (1.0, 0)]

    def paces(self) -> list[tuple[keras.Variable, float, int]]:
        """(weight, rate over that of the head, the epoch from which it learns) of the backbone's
        weights that learn.
        """
        blocks = list(nn.block_weights(self.backbone).values())[self.frozen :]
        found = []
        for depth, block in enumerate(reversed(blocks)):
            rate = self.backbone_rate * self.decay**depth
            start = self.probe_epochs + depth * self.unfreeze_epochs
            found += [(variable, rate, start) for variable in block if variable.trainable]
        return found

    @property
    def learned_share(self) -> float:
        """The share of the parameters that learn, head included."""
        total = sum(_size(ema.parameters(network)) for network in (self.encoder, self.head))
        return _size(self.trainable_variables) / total

    def views(self, batch: dict) -> dict:
        return self.one_view(batch)

    def before_step(self, batch: dict) -> dict:
        former = [ops.copy(variable) for variable, _, _ in self._own.paces]
        return {**batch, "former": former} if former else batch

    def compute_losses(self, batch: dict) -> dict:
        features = self.encoder(batch["view"], training=False)
        self.watch(features)
        logits = self.head(features, training=True)
        return {"supervised": losses.confident_cross_entropy(logits, batch["labels"])}

    def after_step(self, batch: dict) -> None:
        """Of what the optimizer did to a weight, its rate remains, and nothing before its epoch."""
        epoch = self.clock.epoch()
        for (variable, rate, start), former in zip(
            self._own.paces, batch.get("former", []), strict=True
        ):
            moved = former + rate * (ops.convert_to_tensor(variable) - former)
            variable.assign(ops.where(epoch >= start, moved, former))


def freeze(network: keras.Model, blocks: int | None = None) -> None:
    """The weights of the first blocks of a network do not learn any more; None: of all blocks.

    One by one: `trainable = False` on a layer changes how others that share it see it.

    Example:
        >>> from sslzoo import nn
        >>> from sslzoo.methods.transfer.fine_tune import freeze
        >>> network = nn.backbone("micro", 8)
        >>> freeze(network, 1)
        >>> [variable.path for variable in network.trainable_variables]
        ['block2_conv/kernel', 'block2_bn/gamma', 'block2_bn/beta']
    """
    for block in list(nn.block_weights(network).values())[:blocks]:
        for variable in block:
            variable.trainable = False


def _size(variables: list) -> int:
    return sum(math.prod(variable.shape) for variable in variables)
