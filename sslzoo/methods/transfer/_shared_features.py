"""What the methods share that learn features of a labeled source and an unlabeled target."""

import warnings
from typing import Any

import keras
from keras import ops

from sslzoo import backends, losses, nn
from sslzoo.checks import at_least
from sslzoo.training.classifier import Classifier
from sslzoo.training.feed import is_rows, named_arrays


class SharedFeatures(Classifier):
    """A classifier that learns from a labeled source, and makes its features of an unlabeled target
    like those of the source. See `sslzoo.data.Paired`: the source is labeled, the target unlabeled.

    Both go through the network in one pass. BatchNorm sees them together, so that its statistics
    are those of the mixture in training and at inference alike. Most codes have a pass for each.
    BatchNorm then takes out part of the shift in training, but not at inference, where all items
    are normalized by one set of statistics.

    A subclass gives `alignment`. The features are the output of the backbone. For a bottleneck, as
    the codes have one of 256 on ResNet-50, give a backbone that ends with it.

    Args:
        backbone: Network from items to features (N, D).
        classes: C, the number of classes.
        weight: Of the alignment. Default: DeepDA's for DAN and DSAN. With 0 it is the plain
            classifier of the source, and the target is not read.

    Example:
        >>> import sslzoo
        >>> sslzoo.build("deep_coral", "micro", 8, classes=10).fields
        ('images', 'unlabeled', 'labels')
    """

    recipe = {  # DANN's paper and DeepDA, with a cosine instead of their decay
        "optimizer": {
            "name": "sgd",
            "learning_rate": 0.01,
            "momentum": 0.9,
            "weight_decay": 5e-4,
        }
    }
    more_inputs = ("unlabeled",)
    ablations = {"source_alone": {"hyperparameters": {"weight": 0.0}}}

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        weight: float = 0.5,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, seed=seed, name=name)
        self.weight = float(at_least("weight", weight, 0))

    def training_data(self, x: Any) -> Any:
        """ValueError where there is no target. A warning where it has labels."""
        if is_rows(x) and "unlabeled" not in getattr(x, "fields", named_arrays(x)):
            name = type(self).__name__
            raise ValueError(
                f"unlabeled: missing; {name} learns from a source and a target: "
                "`model.fit(sslzoo.data.Paired(source, ratio=1, unlabeled=target), epochs=...)`."
            )
        if getattr(x, "unused_labels", False):
            warnings.warn(
                "unlabeled: the target has labels; they are not used in training.", stacklevel=3
            )
        return x

    def views(self, batch: dict) -> dict:
        source, target = self.reads.of(batch), batch["unlabeled"]
        return {**batch, "source": self.reads.layer(source), "target": self.reads.layer(target)}

    def compute_losses(self, batch: dict) -> dict:
        names = ("source", "target") if self.weight else ("source",)
        features = nn.one_pass(self.represent, [batch[name] for name in names])
        logits = self.head(features[0], training=True)
        terms = {"supervised": losses.confident_cross_entropy(logits, batch["labels"])}
        if self.weight:
            source, target = (backends.gather(part) for part in features)
            name, loss = self.alignment(source, target, batch)
            terms[name] = self.weight * loss
        return terms

    def alignment(self, source: Any, target: Any, batch: dict) -> tuple[str, Any]:
        """(name, scalar) for features (N, D) and (M, D) of the global batch: how far they are
        apart.
        """
        raise NotImplementedError(f"{type(self).__name__}.alignment is missing.")


def discriminator(features: int, hidden: tuple, seed: int) -> keras.Model:
    """Features (N, D) -> logit (N, 1), above 0 for the source.

    Its layers have no BatchNorm. DeepDA has it, in a pass for each domain. That takes the mean of
    each domain out, which is what a discriminator sees first.

    Example:
        >>> from sslzoo.methods.transfer._shared_features import discriminator
        >>> discriminator(16, (8, 8), seed=0).output_shape
        (None, 1)
    """
    rows = [(units, None, "relu") for units in hidden]
    return nn.head(features, [*rows, (1, None, None)], "discriminator", seed=seed)


def right(source: Any, target: Any) -> Any:
    """The share of logits that name the right domain, the mean of both domains.

    Example:
        >>> import numpy as np
        >>> from sslzoo.methods.transfer._shared_features import right
        >>> float(right(np.array([[1.0], [-1.0]]), np.array([[-1.0]])))
        0.75
    """
    parts = ops.cast(source > 0, "float32"), ops.cast(target < 0, "float32")
    return (ops.mean(parts[0]) + ops.mean(parts[1])) / 2
