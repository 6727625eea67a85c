from typing import Any

import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import backends, losses, nn
from sslzoo.checks import above, check_labels, refused, whole
from sslzoo.data import ByDomain
from sslzoo.methods.transfer.adapters import Adapters
from sslzoo.methods.transfer.fine_tune import freeze
from sslzoo.nn import ema
from sslzoo.training import Method


@keras.saving.register_keras_serializable("sslzoo")
class MetaAdapter(Method):
    """Hou et al. 2021, "Exploiting Adapters for Cross-lingual Low-resource Speech Recognition",
    arXiv:2105.11905, section 3.3: adapters that several languages are learned from quickly.

        of each language k, the half batches A_k and B_k:
            w1 = adam(w, gradient of L(A_k) at w);  w2_k = adam(w1_k, gradient of L(B_k) at w1_k)
        w <- w + rate * mean over k of (w2_k - w1_k)

    w are the adapters of `sslzoo.nn.with_adapters` and a linear head for each language. The network
    they stand in stays as it is. L is the cross-entropy. The difference is a first-order
    meta-gradient: how the second half would have the weights that the first half led to. The
    optimizer gets it in the place of a gradient, so its rate is the paper's. The logged loss is the
    mean L(B_k) at w1_k: how well a language goes after one step.

    `for_language` then gives a model of a new language that starts at w. A "language" is any task
    with its own labels: a dialect, a speaker, a machine.

    Half batches are a language's rows 0, 2, 4, .. and 1, 3, 5, .. of a batch. The code
    (microsoft/NeuralSpeech, AdapterASR) takes one language after the other with one inner Adam,
    whose second moment goes on. So does this. In the code the outer rate falls linearly to 0.

    Needs: items with labels and languages (`domains`), as batches of `sslzoo.data.ByDomain` with an
    even number of rows of each, and a trained network.

    Known weakness: With few or very different languages, plain adapters are as good a start.

    Args:
        backbone: Trained network from items to features (N, D). It stays as it is.
        classes: C of every language.
        languages: K, at least 1.
        units: Width of the adapters. The paper has 64 and 128.
        inner_rate: Of the inner Adam. The code has 0.01.
        augment: As for `FineTune`.

    Example:
        >>> import numpy as np
        >>> import sslzoo
        >>> fields = {"series": np.random.rand(32, 24, 6), "labels": np.arange(32) % 2}
        >>> data = sslzoo.data.ByDomain({**fields, "domains": np.arange(32) // 16}, samples=8)
        >>> network = sslzoo.nn.backbone("series_transformer")
        >>> model = sslzoo.build("meta_adapter", network, classes=2, languages=2)
        >>> history = model.fit(data, epochs=2, verbose=0)
        >>> model.for_language(classes=3).classify(fields["series"]).shape
        (32, 3)
    """

    label_fields = ("labels", "domains")
    recipe = {"optimizer": {"name": "sgd", "learning_rate": 1.0}}

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        languages: int,
        units: int = 16,
        inner_rate: float = 0.01,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        network = keras.models.clone_model(backbone)
        ema.copy(backbone, network)
        super().__init__(network, seed=seed, name=name)
        self.classes = whole("classes", classes, least=2)
        self.languages, self.units = whole("languages", languages, 1), units
        freeze(self.backbone)
        self.adapted = nn.with_adapters(self.backbone, units, seed + 2)
        rows = [(self.languages * self.classes, None, None)]
        self.heads = nn.head(self.feature_dim, rows, "heads", seed=seed + 1)
        self.one_view = augmentation.OneView(self.reads, augment, seed=seed)
        shapes = [variable.shape for variable in self._weights]
        self.inner = nn.InnerAdam(shapes, above("inner_rate", inner_rate, 0))

    @property
    def _weights(self) -> list[keras.Variable]:
        return [*self.adapted.trainable_variables, *self.heads.trainable_variables]

    @property
    def encoder(self) -> keras.Model:
        return self.adapted

    def for_language(self, classes: int, augment: Any = "none", seed: int = 0) -> Adapters:
        """`Adapters` that start as these, with a new head, for `fit` on a new language."""
        model = Adapters(self.backbone, classes, self.units, augment, seed)
        model.adapted.set_weights(self.adapted.get_weights())
        return model

    def training_data(self, x: Any) -> Any:
        if not isinstance(x, ByDomain) or x.count != self.languages or x.samples % 2:
            came = type(x).__name__
            if isinstance(x, ByDomain):
                came = f"{x.count} languages of {x.samples} rows"
            needed = f"be sslzoo.data.ByDomain of {self.languages} domains and an even `samples`"
            raise refused("data", came, needed)
        return x

    def check(self, data: dict) -> None:
        check_labels(data["labels"], len(data["labels"]), self.classes)

    def views(self, batch: dict) -> dict:
        return self.one_view(batch)

    def before_step(self, batch: dict) -> dict:
        """The batch with the losses, the mean change of each weight, and Adam's state."""
        halves = self._halves(batch)
        start = [ops.copy(variable) for variable in self._weights]
        state = self.inner.state()
        found, changes = [], []
        for k in range(self.languages):
            first, second = ([values[half, k] for values in halves] for half in (0, 1))
            middle, state = self._moved(start, first, state, k)
            found.append(self._loss(middle, second, k))
            end, state = self._moved(middle, second, state, k)
            changes.append([b - a for a, b in zip(middle, end, strict=True)])
        means = [sum(each) / self.languages for each in zip(*changes, strict=True)]
        return {**batch, "losses": ops.stack(found), "changes": means, "state": state}

    def _halves(self, batch: dict) -> tuple:
        """Views and labels of the global batch, each (2, K, rows, ...)."""
        domains = ops.cast(backends.gather(batch["domains"]), "int32")
        count = ops.shape(domains)[0]
        order = ops.argsort(domains * count + ops.arange(count, dtype="int32"))  # stable
        halves = []
        for values in (batch["view"], batch["labels"]):
            rows = ops.take(backends.gather(values), order, axis=0)
            rows = ops.reshape(rows, (self.languages, -1, 2, *values.shape[1:]))
            halves.append(ops.moveaxis(rows, 2, 0))
        return tuple(halves)

    def _moved(self, weights: list, half: list, state: tuple, language: int) -> tuple:
        """(weights after a step on half a batch, Adam's state)."""
        gradients = backends.gradient(lambda w: self._loss(w, half, language), weights)
        return self.inner.step(weights, gradients, state)

    def _loss(self, weights: list, half: list, language: int) -> Any:
        """The cross-entropy of rows of a language where the weights have other values."""
        items, labels = half
        count = len(self.adapted.trainable_variables)
        features = _with(self.adapted, weights[:count], items)
        logits = _with(self.heads, weights[count:], features)
        first = language * self.classes
        return losses.confident_cross_entropy(logits[:, first : first + self.classes], labels)

    def compute_losses(self, batch: dict) -> dict:
        """The loss has the value of the paper's, and its gradient is minus the mean change."""
        self.watch(self.adapted(batch["view"], training=False))
        changes = [ops.stop_gradient(change) for change in batch["changes"]]
        pairs = zip(self._weights, changes, strict=True)
        slope = -sum(ops.sum(ops.convert_to_tensor(w) * change) for w, change in pairs)
        value = ops.stop_gradient(ops.mean(batch["losses"]))
        return {"supervised": value + slope - ops.stop_gradient(slope)}

    def after_step(self, batch: dict) -> None:
        self.inner.keep(batch["state"])


def _with(network: keras.Model, weights: list, x: Any) -> Any:
    """A network's outputs where its trainable weights have other values."""
    others = [ops.convert_to_tensor(variable) for variable in network.non_trainable_variables]
    return network.stateless_call(weights, others, x, training=False)[0]
