from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from sslzoo import backends, losses, nn
from sslzoo.checks import at_least, refused, whole
from sslzoo.methods.transfer.adapters import Adapters
from sslzoo.methods.transfer.fine_tune import FineTune, freeze


@keras.saving.register_keras_serializable("sslzoo")
class SimAdapter(FineTune):
    """Hou et al. 2021, "Exploiting Adapters for Cross-lingual Low-resource Speech Recognition",
    arXiv:2105.11905, section 3.4: a new language learns how much of the adapters of others it
    needs.

        loss = mean over the batch of H(y, softmax(head(f(x))))
            + regularization * sum over blocks of ||I - W_V||^2
            + guide * sum over blocks of -log(mean attention to the new language's own adapter)

    Behind each block of f an attention mixes the adapters of all languages. See
    `sslzoo.nn.with_sim_adapters`. W_Q, W_K, W_V learn. Network, adapters and head stay.

    `SimAdapter.over(models, own)` makes one of trained `Adapters` models. SimAdapter+ is the same
    where the own one started from `MetaAdapter`.

    The code (microsoft/NeuralSpeech, AdapterASR) takes the cross-entropy of exp(attention) as if
    these were logits. So even an attention of 1 has a loss, and a small gradient. Here it is the
    cross-entropy of the attention itself.

    Needs: items with labels of the new language.

    Known weakness: It runs all adapters at inference. With other languages that do not help, it is
    as good as the own adapter alone.

    Args:
        backbone: Trained network from items to features (N, D), which all adapters stand in.
        classes: C of the new language.
        languages: K, the new one among them, at least 2.
        own: The place of the new language, 0..K-1. Default: the last.
        units: Width of the adapters.
        guide: Weight of the guiding loss. The code's default is 0.1, its config has 1.
        regularization: As in the code.
        augment: As for `FineTune`.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits").take(slice(64))
        >>> network = sslzoo.load("simclr_resnet20.digits").backbone
        >>> kinds = [sslzoo.build("adapters", network, classes=10, units=4) for _ in range(2)]
        >>> model = sslzoo.methods.SimAdapter.over(kinds)
        >>> model.compile("adam")
        >>> history = model.fit(digits.images, digits.labels, batch_size=32, verbose=0)
        >>> len(model.attention(digits.images))
        10
    """

    recipe = {"optimizer": {"name": "adam", "learning_rate": 1e-3}}

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        languages: int,
        own: int = -1,
        units: int = 16,
        guide: float = 0.1,
        regularization: float = 0.01,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, augment=augment, seed=seed, name=name)
        self.languages, self.units = whole("languages", languages, 2), units
        if not -languages <= whole("own", own, -languages) < languages:
            raise refused("own", own, f"be below {languages}, the number of languages")
        self.own = own % languages
        self.guide = float(at_least("guide", guide, 0))
        self.regularization = float(at_least("regularization", regularization, 0))
        freeze(self.backbone)
        self.mixed = nn.with_sim_adapters(self.backbone, units, languages, seed + 2)
        for layer in self.mixed.layers:
            if "_adapter" in layer.name:
                for variable in layer.weights:
                    variable.trainable = False
        for variable in self.head.weights:
            variable.trainable = False
        self._encoder = keras.Model(self.mixed.input, self.mixed.outputs[0], name="sim_adapter")

    @classmethod
    def over(cls, models: Sequence[Adapters], own: int = -1, **options: Any) -> "SimAdapter":
        """Of trained models of several languages that share a network; the head is the own one's.

        Args:
            models: One of each language, with as many units each.
            own: The place of the new language among them.
            options: As for the class.

        Raises:
            ValueError: Models of other networks, or of other widths.
        """
        new = models[own]
        for number, model in enumerate(models):
            if model.units != new.units:
                raise refused(f"models[{number}].units", model.units, f"be {new.units}, as its own")
            shapes = [[w.shape for w in m.backbone.weights] for m in (model, new)]
            same = shapes[0] == shapes[1] and all(
                (a == b).all()
                for a, b in zip(
                    model.backbone.get_weights(), new.backbone.get_weights(), strict=True
                )
            )
            if not same:
                raise refused(
                    f"models[{number}]", "another network", "share the network of its own"
                )
        made = cls(new.backbone, new.classes, len(models), own, new.units, **options)
        for number, model in enumerate(models):
            for layer in model.adapted.layers:
                if "_adapter" in layer.name:
                    name = layer.name.replace("_adapter", f"_adapter{number}")
                    made.mixed.get_layer(name).set_weights(layer.get_weights())
        made.head.set_weights(new.head.get_weights())
        return made

    @property
    def encoder(self) -> keras.Model:
        return self._encoder

    @property
    def attention_layers(self) -> list[keras.layers.Layer]:
        """Those of the blocks, from the first to the last."""
        return [layer for layer in self.mixed.layers if layer.name.endswith("_attention")]

    def attention(self, items: Any) -> dict[str, list[float]]:
        """{block: mean attention to each language} over items, as `fit` takes them."""
        found = self.mixed.predict(self.reads.layer(self.reads.check(items)), verbose=0)[1:]
        return {
            layer.name.removesuffix("_attention"): each.mean(axis=0).tolist()
            for layer, each in zip(self.attention_layers, found, strict=True)
        }

    def compute_losses(self, batch: dict) -> dict:
        features, *attentions = self.mixed(batch["view"], training=False)
        self.watch(features)
        logits = self.head(features, training=False)
        terms = {"supervised": losses.confident_cross_entropy(logits, batch["labels"])}
        guided = guiding_loss([backends.gather(each) for each in attentions], self.own)
        values = [ops.cast(layer.value, "float32") for layer in self.attention_layers]
        far = sum(ops.sum(ops.square(ops.eye(v.shape[0]) - v)) for v in values)
        terms |= {"guide": self.guide * guided, "regularization": self.regularization * far}
        return {name: ops.cast(term, "float32") for name, term in terms.items()}


def guiding_loss(attentions: Sequence[Any], own: int) -> Any:
    """sum over blocks of -log(mean attention to the language `own`), 0 where it has all of it.

    Args:
        attentions: (N, K) of each block, rows that sum to 1.

    Example:
        >>> import numpy as np
        >>> from sslzoo.methods.transfer.sim_adapter import guiding_loss
        >>> round(float(guiding_loss([np.full((5, 2), 0.5, "float32")], own=1)), 3)  # ln 2
        0.693
    """
    means = [ops.mean(attention, axis=0) for attention in attentions]
    return -sum(ops.log(mean[own] + 1e-12) for mean in means)
