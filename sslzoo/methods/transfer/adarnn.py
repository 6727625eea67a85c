import itertools
from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import backends, losses, nn
from sslzoo.checks import at_least, check_labels, one_of, refused, whole
from sslzoo.data import ByDomain
from sslzoo.losses.semisupervised import cross_entropies
from sslzoo.training import Method, Verb

ADVERSARIAL = "adversarial"
DISTANCES = (*losses.DOMAIN_DISTANCES, ADVERSARIAL)


@keras.saving.register_keras_serializable("sslzoo")
class AdaRNN(Method):
    """Du et al. 2021, "AdaRNN: Adaptive Learning and Forecasting for Time Series",
    arXiv:2108.04443.

    The training span is cut into K periods that differ (`sslzoo.data.ByDomain(periods=K)`). A
    network learns to forecast in all of them. Its hidden states h should have the same distribution
    in all of them:

        loss = sum over pairs (s, t) of periods of MSE_s + MSE_t
            + distance_weight * sum over layers l and steps i of w[l, i] d(h_s[l, i], h_t[l, i])

    With `classes` it learns labels. The mean cross-entropy is then in the place of the MSE. The
    states are those of recurrent layers, or the tokens behind the blocks of a Transformer.

    The weights w of a pair sum to 1 over the steps. In the first epochs a gate gives them: the
    softmax over i of the batch mean of sigmoid(BN(Linear([h_s; h_t]))). Later they are boosted once
    an epoch. w then grows where the distance has grown. See `sslzoo.nn.boosted_weights`.

    Each pair has its own w, as in the paper, and is boosted by mean distances. The official code
    (jindongwang/transferlearning, code/deep/adarnn) shares one w, and takes sums over the batches.

    The "adversarial" distance has a discriminator for each layer, of one hidden layer. It learns
    with the network to tell the period of a state, and the network learns to deceive it. See
    `sslzoo.losses.adversarial_distance`. The official code makes a new discriminator at every call,
    so that none ever learns.

    Needs: series, targets or labels, and domains. A batch has the same number of rows from every
    period.

    Known weakness: A period that differs for a good reason, such as winter, is pulled to the others
    too. On the validation splits of Beijing's air it beats the plain network at one station of
    four. At the others it is at most as good (2026-11-26, three seeds).

    Args:
        backbone: Network from series to features (N, D). Its recurrent layers return sequences, or
            it is a Transformer such as `sslzoo.nn.series_transformer`.
        periods: K, at least 1.
        distance: "mmd" (linear), "mmd_rbf", "coral", "cosine" or "adversarial". The code's default
            is "cosine".
        distance_weight: The paper has 0.5, the code 0.1. With 0 it is the plain network.
        gate_epochs: Epochs with the gate. The paper has 40, the code 20. With 0 there is only
            boosting.
        classes: C, the number of classes of the labels. None: it forecasts targets.

    Example:
        >>> import numpy as np
        >>> from sslzoo import data, methods, nn
        >>> fields = {"series": np.random.rand(40, 24, 6), "targets": np.random.rand(40)}
        >>> model = methods.AdaRNN(nn.gru("gru", units=[8, 8]))
        >>> model.compile("adam")
        >>> history = model.fit(data.ByDomain(fields, samples=4, periods=2), verbose=0)
        >>> model.forecast(fields["series"]).shape
        (40,)
    """

    ablations = {
        "plain_gru": {"hyperparameters": {"periods": 1}, "sampler": None},
        "plain_gru_same_batches": {"hyperparameters": {"distance_weight": 0.0}},
    }
    recipe = {"optimizer": {"name": "adam", "learning_rate": 2e-3, "clipvalue": 3.0}}
    min_batch = 2

    def __init__(
        self,
        backbone: keras.Model,
        periods: int = 2,
        distance: str = "cosine",
        distance_weight: float = 0.1,
        gate_epochs: int = 20,
        classes: int | None = None,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        self.states = nn.hidden_states(backbone)
        self.classes = None if classes is None else whole("classes", classes, least=2)
        rows = [(self.classes or 1, None, None)]
        self.head = nn.head(self.feature_dim, rows, "head", seed=seed + 1)
        self.periods = whole("periods", periods, 1)
        self.distance = losses.DOMAIN_DISTANCES.get(one_of("distance", distance, DISTANCES))
        self.distance_weight = at_least("distance_weight", distance_weight, 0)
        self.gate_epochs = whole("gate_epochs", gate_epochs, 0)
        self.pairs = list(itertools.combinations(range(self.periods), 2))
        self.compares = bool(self.pairs) and distance_weight > 0
        self.discriminators = []
        if self.compares:
            if self.reads.shape[0] is None:
                raise refused("backbone", "series of any length", "have a number of steps")
            steps, units = self.reads.shape[0], [h.shape[-1] for h in self.states.outputs[:-1]]
            self.gates = nn.step_gates(steps, units, seed + 2)
            self.step_weights = nn.StepWeights(len(self.pairs), len(units), steps)
            if distance == ADVERSARIAL:
                self.discriminators = self._discriminators(units, seed + 3)

    def _discriminators(self, units: list, seed: int) -> list:
        """Of each layer: states (N, H) -> a logit of each period (N, K). There is no BatchNorm: it
        would take out the mean, which tells periods apart.
        """
        last = (self.periods, None, None)
        return [
            nn.head(h, [(h, None, "relu"), last], f"discriminator{number}", seed + number)
            for number, h in enumerate(units)
        ]

    @property
    def verbs(self) -> dict[str, Verb]:
        main = (
            {"classify": Verb("probabilities")} if self.classes else {"forecast": Verb("forecast")}
        )
        return main | {"encode": Verb("embedding")}

    @property
    def label_fields(self) -> tuple[str, ...]:
        """One period has no domains to tell apart."""
        field = "labels" if self.classes else "targets"
        return (field, "domains") if self.periods > 1 else (field,)

    def training_data(self, x: Any) -> Any:
        if self.periods == 1:
            return x
        if not isinstance(x, ByDomain) or x.count != self.periods:
            came = f"{x.count} domains" if isinstance(x, ByDomain) else type(x).__name__
            raise refused("data", came, f"be sslzoo.data.ByDomain with {self.periods} domains")
        return x

    def check(self, data: dict) -> None:
        if self.classes:
            check_labels(data["labels"], len(data["labels"]), self.classes)
        elif data["targets"].ndim != 1:
            raise refused("targets", f"shape {data['targets'].shape}", "be (N,)")

    def compute_losses(self, batch: dict) -> dict:
        *hidden, features = self.states(self.reads.layer(batch["series"]), training=True)
        self.track("feature_std", nn.feature_std(backends.gather(ops.stop_gradient(features))))
        order = self._order(batch)
        errors = self._by_period(self._errors(self.head(features, training=True), batch), order)
        error = ops.sum(ops.mean(errors, axis=1))
        name = "supervised" if self.classes else "forecast"
        terms = {name: max(self.periods - 1, 1) * error}  # each period is in K - 1 pairs
        if self.compares:
            hidden = [self._by_period(ops.cast(h, "float32"), order) for h in hidden]
            terms["distance"] = self.distance_weight * ops.sum(self._weighted_distances(hidden))
        return terms

    def _errors(self, outputs: Any, batch: dict) -> Any:
        """The error of each row (N,): its cross-entropy or its squared difference."""
        if self.classes:
            return cross_entropies(outputs, batch["labels"])
        forecast = ops.cast(outputs, "float32")[:, 0]
        return ops.square(forecast - ops.cast(batch["targets"], "float32"))

    def _order(self, batch: dict) -> Any:
        """The rows of the global batch, period by period; None for one period."""
        return ops.argsort(backends.gather(batch["domains"])) if self.periods > 1 else None

    def _by_period(self, values: Any, order: Any) -> Any:
        """Rows (N, ...) of a batch -> (K, N / K, ...) of the global batch."""
        values = backends.gather(values)
        if order is None:
            return values[None]
        # Reshaped first: the gradient of `take` alone is sparse, which replicas cannot add up.
        rows = ops.reshape(values, (ops.shape(values)[0], -1))
        return ops.reshape(ops.take(rows, order, axis=0), (self.periods, -1, *values.shape[1:]))

    def _weighted_distances(self, hidden: list) -> Any:
        """w d, (pairs, layers, T), of the states (K, n, T, H) of each layer."""
        distances, gates = [], []
        steps = [ops.swapaxes(h, 1, 2) for h in hidden]  # (K, T, n, H) each
        if self.discriminators:
            steps = self._judged(steps)
        for s, t in self.pairs:
            distances.append(ops.stack([self._distance(each, s, t) for each in steps]))
            ends = [ops.concatenate([h[s], h[t]], axis=-1) for h in hidden]  # (n, T, 2 H) each
            scores = keras.tree.flatten(self.gates(ends, training=True))  # one layer: no list
            scores = ops.cast(ops.stack(scores), "float32")
            gates.append(ops.softmax(ops.mean(scores, axis=1)))  # (layers, T)
        distances, importance = ops.stack(distances), self.step_weights.importance
        gated = self.clock.epoch() < self.gate_epochs
        weights = ops.where(gated, ops.stack(gates), ops.convert_to_tensor(importance))
        self.keep("weights", weights)
        self.keep("distances", distances)
        return weights * distances

    def _judged(self, steps: list) -> list:
        """States (K, T, n, H) of each layer -> logits of the periods (K, T, n, K)."""
        judged = []
        for states, discriminator in zip(steps, self.discriminators, strict=True):
            count, length, _, units = states.shape
            rows = ops.reshape(nn.reverse_gradient(states), (-1, units))  # (K T n, H)
            logits = ops.cast(discriminator(rows, training=True), "float32")
            judged.append(ops.reshape(logits, (count, length, -1, count)))
        return judged

    def _distance(self, steps: Any, s: int, t: int) -> Any:
        """d of two periods at each step (T,), from states, or from logits of the periods."""
        if self.discriminators:
            margins = steps[..., s] - steps[..., t]  # (K, T, n)
            return losses.adversarial_distance(margins[s], margins[t])
        return self.distance(steps[s], steps[t])

    def after_step(self, batch: dict) -> None:
        if self.compares:
            self.step_weights.add(batch["weights"], batch["distances"])

    def end_epoch(self) -> None:
        if self.compares:
            epochs = int(ops.convert_to_numpy(self.clock.epoch()))  # that are over
            self.step_weights.end_epoch(boost=epochs > self.gate_epochs + 1)

    @property
    def networks(self) -> list:
        return [self.encoder, self.head]

    def forecast(self, series: Any, batch_size: int = 256) -> np.ndarray:
        """What follows each series, float32 (N,), in the unit of the targets. Else as `encode`.

        Raises:
            ValueError: the model has classes.
        """
        if self.classes:
            raise ValueError(f"forecast: this model has {self.classes} classes; use classify.")
        return self.apply_verb("forecast", series, batch_size)

    def forecast_graph(self, series: Any) -> Any:
        return ops.cast(self.head(self(series, training=False)), "float32")[:, 0]

    def classify(self, series: Any, batch_size: int = 256) -> np.ndarray:
        """Probabilities of the classes, float32 (N, C), rows sum to 1. Else as `encode`.

        Raises:
            ValueError: the model has no classes.
        """
        if not self.classes:
            raise ValueError(
                "classify: this model has no classes; build it with classes=2 or more."
            )
        return self.apply_verb("classify", series, batch_size)

    def classify_graph(self, series: Any) -> Any:
        return ops.softmax(ops.cast(self.head(self(series, training=False)), "float32"))
