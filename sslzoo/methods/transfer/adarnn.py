import itertools
from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import backends, losses, nn
from sslzoo.checks import at_least, one_of, refused, whole
from sslzoo.data import ByDomain
from sslzoo.training import Method, Verb


@keras.saving.register_keras_serializable("sslzoo")
class AdaRNN(Method):
    """Du et al. 2021, "AdaRNN: Adaptive Learning and Forecasting for Time Series",
    arXiv:2108.04443.

    The training span is cut into K periods that differ (`sslzoo.data.ByDomain(periods=K)`). A
    recurrent network learns to forecast in all of them. Its hidden states h should have the same
    distribution in all of them:

        loss = sum over pairs (s, t) of periods of MSE_s + MSE_t
            + distance_weight * sum over layers l and steps i of w[l, i] d(h_s[l, i], h_t[l, i])

    The weights w of a pair sum to 1 over the steps. In the first epochs a gate gives them: the
    softmax over i of the batch mean of sigmoid(BN(Linear([h_s; h_t]))). Later they are boosted once
    an epoch. w then grows where the distance has grown. See `sslzoo.nn.boosted_weights`.

    Each pair has its own w, as in the paper, and is boosted by mean distances. The official code
    (jindongwang/transferlearning, code/deep/adarnn) shares one w, and takes sums over the batches.

    Needs: series, targets and domains. A batch has the same number of rows from every period.

    Known weakness: A period that differs for a good reason, such as winter, is pulled to the others
    too. On the validation splits of Beijing's air it beats the plain network at one station of
    four. At the others it is at most as good (2026-11-26, three seeds).

    Args:
        backbone: Network from series to features (N, D). Its recurrent layers return sequences.
        periods: K, at least 1.
        distance: "mmd" (linear), "mmd_rbf", "coral" or "cosine". The code's default is "cosine".
        distance_weight: The paper has 0.5, the code 0.1. With 0 it is the plain network.
        gate_epochs: Epochs with the gate. The paper has 40, the code 20. With 0 there is only
            boosting.

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

    verbs = {"forecast": Verb("forecast"), "encode": Verb("embedding")}
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
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        self.states = nn.hidden_states(backbone)
        self.head = nn.head(self.feature_dim, [(1, None, None)], "head", seed=seed + 1)
        self.periods = whole("periods", periods, 1)
        distance = one_of("distance", distance, losses.DOMAIN_DISTANCES)
        self.distance = losses.DOMAIN_DISTANCES[distance]
        self.distance_weight = at_least("distance_weight", distance_weight, 0)
        self.gate_epochs = whole("gate_epochs", gate_epochs, 0)
        self.pairs = list(itertools.combinations(range(self.periods), 2))
        self.compares = bool(self.pairs) and distance_weight > 0
        if self.compares:
            if self.reads.shape[0] is None:
                raise refused("backbone", "series of any length", "have a number of steps")
            steps, units = self.reads.shape[0], [h.shape[-1] for h in self.states.outputs[:-1]]
            self.gates = nn.step_gates(steps, units, seed + 2)
            self.step_weights = nn.StepWeights(len(self.pairs), len(units), steps)

    @property
    def label_fields(self) -> tuple[str, ...]:
        """One period has no domains to tell apart."""
        return ("targets", "domains") if self.periods > 1 else ("targets",)

    def training_data(self, x: Any) -> Any:
        if self.periods == 1:
            return x
        if not isinstance(x, ByDomain) or x.count != self.periods:
            came = f"{x.count} domains" if isinstance(x, ByDomain) else type(x).__name__
            raise refused("data", came, f"be sslzoo.data.ByDomain with {self.periods} domains")
        return x

    def check(self, data: dict) -> None:
        if data["targets"].ndim != 1:
            raise refused("targets", f"shape {data['targets'].shape}", "be (N,)")

    def compute_losses(self, batch: dict) -> dict:
        *hidden, features = self.states(self.reads.layer(batch["series"]), training=True)
        self.track("feature_std", nn.feature_std(backends.gather(ops.stop_gradient(features))))
        forecast = ops.cast(self.head(features, training=True), "float32")[:, 0]
        squares = ops.square(forecast - ops.cast(batch["targets"], "float32"))
        order = self._order(batch)
        error = ops.sum(ops.mean(self._by_period(squares, order), axis=1))
        terms = {"forecast": max(self.periods - 1, 1) * error}  # each period is in K - 1 pairs
        if self.compares:
            hidden = [self._by_period(ops.cast(h, "float32"), order) for h in hidden]
            terms["distance"] = self.distance_weight * ops.sum(self._weighted_distances(hidden))
        return terms

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
        for s, t in self.pairs:
            steps = [ops.swapaxes(h, 1, 2) for h in hidden]  # (K, T, n, H) each
            distances.append(ops.stack([self.distance(h[s], h[t]) for h in steps]))
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
        """What follows each series, float32 (N,), in the unit of the targets. Else as `encode`."""
        return self.apply_verb("forecast", series, batch_size)

    def forecast_graph(self, series: Any) -> Any:
        return ops.cast(self.head(self(series, training=False)), "float32")[:, 0]
