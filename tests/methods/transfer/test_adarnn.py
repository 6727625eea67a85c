import itertools

import keras
import numpy as np
import pytest
from harness import MethodChecks, dtype_policy, gradients
from keras import ops

from sslzoo import nn
from sslzoo.data import Batches, ByDomain
from sslzoo.methods.transfer.adarnn import DISTANCES, AdaRNN
from sslzoo.nn import ema

STEPS = 6


def air(n=40, seed=0):
    """Series whose level rises with the row, and what comes next: float32 (n, 6, 2) and (n,)."""
    rng = np.random.default_rng(seed)
    level = np.linspace(0, 1, n)[:, None, None]
    series = level + np.cumsum(rng.normal(0, 0.2, (n, STEPS, 2)), axis=1)
    targets = series[:, -1, 0] - 0.5 * series[:, -2, 1] + rng.normal(0, 0.05, n)
    return series.astype("float32"), targets.astype("float32")


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def distance(x, y):
    """The linear MMD of (n, H) and (n, H)."""
    return np.sum((x.mean(axis=0) - y.mean(axis=0)) ** 2)


def distances(model, series, domains):
    """d of each pair of periods, layer and step, from the model's own states in float64."""
    *hidden, _ = (numpy(h).astype("float64") for h in model.states(series, training=True))
    periods = range(model.periods)
    return np.array([
        [
            [distance(h[domains == s, step], h[domains == t, step]) for step in range(STEPS)]
            for h in hidden
        ]
        for s, t in itertools.combinations(periods, 2)
    ])  # fmt: skip


def gate(model, series, domains):
    """softmax over the steps of the batch mean of sigmoid(BN(Linear([h_s; h_t])))."""
    *hidden, _ = (numpy(h).astype("float64") for h in model.states(series, training=True))
    kernels = [numpy(v) for v in model.gates.trainable_variables if v.name == "kernel"]
    found = []
    for s, t in itertools.combinations(range(model.periods), 2):
        for h, kernel in zip(hidden, kernels, strict=True):
            pair = np.concatenate([h[domains == s], h[domains == t]], axis=2)  # (n, T, 2 H)
            z = pair.reshape(len(pair), -1) @ kernel
            z = (z - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + 1e-5)
            scores = np.exp(np.mean(1 / (1 + np.exp(-z)), axis=0))
            found.append(scores / scores.sum())
    return np.array(found).reshape(-1, len(hidden), STEPS)


def transformer():
    network = nn.series_transformer("small", STEPS, 2, width=8, depth=2, heads=2, seed=1)
    return AdaRNN(network, periods=3, distance="mmd", distance_weight=3.0)


def classifier():
    network = nn.gru("gru", STEPS, 2, units=[8, 8], seed=1)
    return AdaRNN(network, periods=3, distance="mmd", distance_weight=3.0, classes=4)


class TestAdaRNN(MethodChecks):
    learns = ("backbone", "head", "gates")
    learning_rate = 0.05
    drop = 0.1
    view_range = None

    @classmethod
    def make(cls, **kwargs):
        settings = {"distance": "mmd", "distance_weight": 3.0, "gate_epochs": 2}
        return AdaRNN(nn.gru("gru", STEPS, 2, units=[8, 8], seed=1), **settings | kwargs)

    @classmethod
    def example(cls, n):
        return air(n)[0]

    @classmethod
    def batch(cls, n=12, seed=0):
        n += n % 2  # as many rows of one period as of the other
        series, targets = air(n, seed)
        return {"series": series, "targets": targets, "domains": np.arange(n) % 2}

    @classmethod
    def fit_data(cls, n, seed=0):
        return ByDomain(cls.batch(n, seed), samples=8)

    def oracle(self, model, batch):
        series, domains = batch["series"], batch["domains"]
        forecast = model.forecast(series).astype("float64")
        squares = (forecast - batch["targets"]) ** 2
        terms, errors = 0.0, 0.0
        found, weights = distances(model, series, domains), gate(model, series, domains)
        for pair, (s, t) in enumerate(itertools.combinations(range(model.periods), 2)):
            errors += squares[domains == s].mean() + squares[domains == t].mean()
            for layer, step in np.ndindex(found.shape[1:]):
                terms += weights[pair, layer, step] * found[pair, layer, step]
        return {"forecast": errors, "distance": model.distance_weight * terms}

    # ---- what only AdaRNN promises ---------------------------------------------------

    def test_three_periods_are_compared_in_pairs(self):
        model, batch = self.make(periods=3), self.batch(18)
        batch["domains"] = np.repeat([2, 0, 1], 6)
        found, _, _ = model.losses_logs_kept(batch)
        for name, value in self.oracle(model, batch).items():
            np.testing.assert_allclose(float(found[name]), value, rtol=1e-5)

    def test_the_order_of_the_rows_of_different_periods_does_not_matter(self):
        model, batch = self.make(), self.batch(16)
        order = np.argsort(batch["domains"], kind="stable")
        sorted_batch = {field: values[order] for field, values in batch.items()}
        one, two = (model.losses_logs_kept(b)[0] for b in (batch, sorted_batch))
        for name in one:
            np.testing.assert_allclose(float(one[name]), float(two[name]), rtol=1e-5)

    @pytest.mark.parametrize("name", DISTANCES)
    def test_every_distance_reaches_every_recurrent_layer(self, name):
        """The official code's "mmd_rbf" reaches none."""
        parts = []
        for weight in (1.0, 5.0):
            model = self.make(distance=name, distance_weight=weight)
            found = gradients(model, self.batch())
            parts.append([found[id(v)] for v in ema.parameters(model.backbone)])
        for near, far in zip(*parts, strict=True):
            assert np.abs(far - near).max() > 1e-6

    @pytest.mark.parametrize("make", [transformer, classifier])
    def test_a_transformer_and_classes_have_the_same_formula(self, make):
        model, batch = make(), self.batch(18)
        batch["domains"], batch["labels"] = np.repeat([2, 0, 1], 6), np.arange(18) % 4
        found, _, _ = model.losses_logs_kept(batch)
        if model.classes:
            rows = model.classify(batch["series"])[np.arange(18), batch["labels"]]
            assert float(found["supervised"]) == pytest.approx(-6 * np.log(rows).mean(), rel=1e-4)
        else:
            expected = self.oracle(model, batch)["forecast"]
            assert float(found["forecast"]) == pytest.approx(expected, rel=1e-5)
        weights = gate(model, batch["series"], batch["domains"])
        expected = 3.0 * np.sum(weights * distances(model, batch["series"], batch["domains"]))
        assert float(found["distance"]) == pytest.approx(expected, rel=1e-4)

    def test_a_model_with_classes_learns_labels_and_one_without_refuses_to_classify(self):
        series, _ = air(60)
        labels = (series[:, -1, 0] > series[:, -1, 1]).astype(int)
        data = ByDomain({"series": series, "labels": labels}, samples=6, periods=2)
        model = self.make(classes=2, distance_weight=0.1)
        model.compile(keras.optimizers.Adam(0.02))
        model.fit(data, epochs=15, verbose=0)
        assert list(model.verbs) == ["classify", "encode"]
        assert (model.classify(series).argmax(axis=1) == labels).mean() > 0.8
        with pytest.raises(ValueError, match="forecast: this model has 2 classes"):
            model.forecast(series)
        with pytest.raises(ValueError, match="classify: this model has no classes"):
            self.make().classify(series)

    def test_the_adversarial_distance_is_the_formula_with_the_models_own_discriminator(self):
        """The official code makes another one at every call."""
        model, batch = self.make(distance="adversarial"), self.batch(16)
        *hidden, _ = (numpy(h) for h in model.states(batch["series"], training=True))
        expected = np.zeros((1, 2, STEPS))
        for (layer, h), step in itertools.product(enumerate(hidden), range(STEPS)):
            logits = numpy(model.discriminators[layer](h[:, step])).astype("float64")
            margin = logits[:, 0] - logits[:, 1]
            margin = np.where(batch["domains"] == 0, margin, -margin)
            entropies = np.log1p(np.exp(-margin))
            expected[0, layer, step] = np.log(2) - entropies.mean()
        expected = 3.0 * np.sum(expected * gate(model, batch["series"], batch["domains"]))
        for _ in range(2):
            found, _, _ = model.losses_logs_kept(batch)
            assert float(found["distance"]) == pytest.approx(expected, rel=1e-4)

    def test_the_discriminator_raises_the_adversarial_distance_and_the_network_lowers_it(self):
        batch, moved = self.batch(32), []
        batch["series"][batch["domains"] == 1] += 0.3
        models = [self.make(distance="adversarial", distance_weight=weight) for weight in (1, 2)]
        near, far = (gradients(model, batch) for model in models)
        model = models[0]
        own = {
            id(v): far[id(w)] - near[id(v)]
            for v, w in zip(*map(ema.parameters, models), strict=True)
        }
        before = float(model.losses_logs_kept(batch)[0]["distance"])
        for networks in (model.discriminators, [model.backbone]):
            variables = [v for network in networks for v in ema.parameters(network)]
            start = [numpy(v) for v in variables]
            for variable in variables:
                variable.assign(numpy(variable) - 0.5 * own[id(variable)])
            moved.append(float(model.losses_logs_kept(batch)[0]["distance"]) - before)
            for variable, value in zip(variables, start, strict=True):
                variable.assign(value)
        assert moved[0] > 1e-6 and moved[1] < -1e-6

    def test_losses_change_no_state(self):
        model = self.make(gate_epochs=0)
        before = [numpy(v) for v in model.step_weights.variables]
        model.losses_logs_kept(self.batch())
        for old, variable in zip(before, model.step_weights.variables, strict=True):
            np.testing.assert_array_equal(numpy(variable), old)

    def test_in_the_first_epochs_the_gate_weighs_the_steps(self):
        model, data = self.make(gate_epochs=2), ByDomain(self.batch(30), samples=15)
        model.compile(keras.optimizers.SGD(0.0))
        model.fit(data, epochs=1, verbose=0)
        expected = gate(model, data[0]["series"], data[0]["domains"])
        np.testing.assert_allclose(numpy(model.step_weights.importance), expected, rtol=1e-4)

    @pytest.mark.parametrize("gate_epochs", [0, 1])
    def test_later_ones_boost_them_once_an_epoch(self, gate_epochs):
        model = self.make(gate_epochs=gate_epochs)
        data = ByDomain(self.batch(40), samples=8, steps_per_epoch=3)
        model.compile(keras.optimizers.SGD(0.0))  # the states stay, the batches differ
        history = model.fit(data, epochs=gate_epochs + 3, verbose=0).history
        weights = np.full((1, 2, STEPS), 1 / STEPS)
        if gate_epochs:
            weights = gate(model, data[2]["series"], data[2]["domains"])
        means = []
        for epoch in range(gate_epochs, gate_epochs + 3):
            batches = [data[3 * epoch + k] for k in range(3)]
            means.append(
                np.mean([distances(model, b["series"], b["domains"]) for b in batches], axis=0)
            )
            np.testing.assert_allclose(  # of this epoch, not boosted yet by its own distances
                history["distance"][epoch], 3.0 * np.sum(weights * means[-1]), rtol=1e-4
            )
            if epoch > gate_epochs:  # the first one has nothing to compare with
                weights = numpy(nn.boosted_weights(weights, means[-1], means[-2]))
        np.testing.assert_allclose(numpy(model.step_weights.importance), weights, rtol=1e-4)
        assert np.abs(weights - 1 / STEPS).max() > 1e-3

    @pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
    def test_a_mixed_policy_does_not_round_the_weights_of_the_steps(self, policy):
        weights = np.random.default_rng(0).dirichlet(np.ones(STEPS), (1, 2)).astype("float32")
        with dtype_policy(policy):
            model = self.make(gate_epochs=0)
            model.compile(keras.optimizers.SGD(0.1))
            model.step_weights.importance.assign(weights)
            model.fit(ByDomain(self.batch(30), samples=15), epochs=1, verbose=0)
        # those that the last step used
        np.testing.assert_array_equal(numpy(model.step_weights.importance), weights)

    def test_without_distance_it_is_the_plain_network(self):
        model, batch = self.make(distance_weight=0.0), self.batch()
        found, _, _ = model.losses_logs_kept(batch)
        squares = (model.forecast(batch["series"]) - batch["targets"]) ** 2
        assert found.keys() == {"forecast"}
        assert float(found["forecast"]) == pytest.approx(2 * squares.mean(), rel=1e-5)
        assert not hasattr(model, "gates")

    def test_one_period_is_the_plain_network_on_all_rows(self):
        model, batch = self.make(periods=1), self.batch()
        del batch["domains"]
        found, _, _ = model.losses_logs_kept(batch)
        squares = (model.forecast(batch["series"]) - batch["targets"]) ** 2
        assert found.keys() == {"forecast"}
        assert float(found["forecast"]) == pytest.approx(squares.mean(), rel=1e-5)

    def test_one_period_learns_from_shuffled_rows(self):
        series, targets = air()
        model = self.make(periods=1)
        model.compile("sgd")
        model.fit({"series": series, "targets": targets}, batch_size=8, verbose=0)
        assert int(model.clock.step) == 5

    def test_it_brings_the_periods_nearer_to_each_other(self):
        series, targets = air(60)
        data = ByDomain({"series": series, "targets": targets}, samples=6, periods=2)
        domains, apart = data.arrays["domains"], []
        for weight in (0.0, 3.0):
            model = self.make(distance_weight=weight)
            model.compile(keras.optimizers.Adam(0.01))
            model.fit(data, epochs=15, verbose=0)
            apart.append(distances(model, series, domains).mean())
        assert apart[1] < 0.5 * apart[0]

    def test_forecasts_have_the_unit_of_the_targets(self):
        series, targets = air(60)
        data = ByDomain({"series": series, "targets": 100 + targets}, samples=6, periods=2)
        model = self.make(distance_weight=0.01)
        model.head.layers[-1].bias.assign([100.0])
        model.compile(keras.optimizers.Adam(0.01))
        model.fit(data, epochs=30, verbose=0)
        forecast = model.forecast(series)
        assert forecast.shape == (60,) and forecast.dtype == "float32"
        assert np.abs(forecast - 100 - targets).mean() < 0.5 * targets.std()

    @pytest.mark.tensorflow
    def test_the_default_signature_forecasts(self, tmp_path):
        import tensorflow as tf

        model, series = self.make(), self.example(5)
        model.export(tmp_path / "served", warmup=False)
        served = tf.saved_model.load(tmp_path / "served/1").signatures["serving_default"]
        found = served(series=tf.constant(series))["forecast"].numpy()
        np.testing.assert_allclose(found, model.forecast(series), rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            (air(), "data: got tuple; it must be sslzoo.data.ByDomain with 2 domains."),
            (dict(zip(("series", "targets"), air(), strict=True)), "data: got dict"),
            (Batches({"series": air()[0], "targets": air()[1]}, 8), "data: got Batches"),
            (ByDomain({"series": air()[0]}, samples=4, periods=3), "data: got 3 domains"),
            (ByDomain({"series": air()[0]}, samples=4, periods=2), "targets: missing"),
        ],
    )
    def test_batches_of_unequal_periods_are_refused(self, data, sentence):
        model = self.make()
        model.compile("sgd")
        with pytest.raises(ValueError) as error:
            model.fit(data, verbose=0)
        assert sentence in str(error.value)

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            ({"periods": 0}, "periods: got 0; it must be an integer of at least 1."),
            ({"distance": "cosin"}, "did you mean cosine?"),
            ({"distance_weight": -1}, "distance_weight: got -1"),
            ({"gate_epochs": 1.5}, "gate_epochs: got 1.5"),
        ],
    )
    def test_impossible_settings_are_refused(self, arguments, sentence):
        with pytest.raises(ValueError) as error:
            self.make(**arguments)
        assert sentence in str(error.value)

    def test_series_of_any_length_have_no_steps_to_weigh(self):
        with pytest.raises(ValueError, match="backbone: got series of any length"):
            AdaRNN(nn.gru("gru", None, 2, units=[4]))

    def test_targets_of_several_columns_are_refused(self):
        model, batch = self.make(), self.batch()
        batch["targets"] = np.ones((12, 2), "float32")
        model.compile("sgd")
        with pytest.raises(ValueError, match=r"targets: got shape \(12, 2\); it must be \(N,\)"):
            model.fit(ByDomain(batch, samples=6), verbose=0)
