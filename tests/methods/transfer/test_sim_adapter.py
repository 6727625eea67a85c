from types import SimpleNamespace

import fine_tuning
import keras
import numpy as np
import pytest
from fine_tuning import same, values
from harness import inject
from keras import ops
from over_domains import cross_entropies

from sslzoo.methods.transfer.adapters import Adapters
from sslzoo.methods.transfer.sim_adapter import SimAdapter, guiding_loss


def language(network, seed, units=4):
    """Trained adapters, in short: random ones."""
    model = Adapters(network, 10, units=units, seed=seed)
    rng = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        value = ops.convert_to_numpy(variable)
        variable.assign(value + 0.2 * rng.standard_normal(value.shape).astype("float32"))
    return model


class TestSimAdapter(fine_tuning.Checks):
    method = SimAdapter
    learns = ("fusion",)
    learning_rate = 0.05
    drop = 0.1  # mixing three sets of random adapters

    @classmethod
    def make(cls, seeds=(3, 4, 5), own=-1, **kwargs):
        network = cls.network()
        options = {"augment": "digits", "guide": 0.3} | kwargs
        model = SimAdapter.over([language(network, seed) for seed in seeds], own, **options)
        fusion = [w for name in model.attention_layers for w in name.weights]
        object.__setattr__(model, "fusion", SimpleNamespace(weights=fusion))
        return model

    def oracle(self, model, batch):
        features, *attentions = (
            ops.convert_to_numpy(x).astype("float64") for x in model.mixed(batch["view"])
        )
        kernel, bias = (ops.convert_to_numpy(w).astype("float64") for w in model.head.weights)
        guided = -sum(np.log(each.mean(axis=0)[model.own]) for each in attentions)
        far = sum(
            np.sum((np.eye(len(v)) - v) ** 2)
            for v in (ops.convert_to_numpy(each.value) for each in model.attention_layers)
        )
        return {
            "supervised": cross_entropies(features @ kernel + bias, batch["labels"]).mean(),
            "guide": 0.3 * guided,
            "regularization": 0.01 * far,
        }

    # ---- what only SimAdapter promises -------------------------------------------------

    def test_with_the_same_adapters_it_starts_as_one_of_them(self):
        network, images = self.network(), self.batch(8)["images"]
        models = [language(network, 3) for _ in range(3)]
        mixed = SimAdapter.over(models)
        expected = models[0].classify(images)
        np.testing.assert_allclose(mixed.classify(images), expected, atol=1e-5)

    def test_adapters_network_and_head_stay(self):
        before, model = self.make(), self.trained()
        learning = {id(variable) for variable in model.trainable_variables}
        stay = [
            [v for v in (*one.mixed.weights, *one.head.weights) if not v.trainable]
            for one in (before, model)
        ]
        assert len(stay[0]) > 20
        assert all(same(*map(values, stay)))
        assert learning == {id(v) for v in model.fusion.weights}

    def test_the_guide_alone_pulls_the_attention_to_its_own_language(self):
        """And it ends at 1: the code's loss of exp(attention) has its least value there, but a
        gradient that never gets large.
        """
        for own in (0, 2):
            model = inject(self.make(own=own, guide=20.0))
            images = self.batch(32)["images"]
            before = model.attention(images)
            model.compile(keras.optimizers.Adam(0.02))
            batch = self.batch(32)
            model.fit(batch, batch_size=32, epochs=30, verbose=0)
            after = model.attention(images)
            for block in before:
                assert sum(after[block]) == pytest.approx(1, abs=1e-5)
                assert after[block][own] > 0.9, (before, after)

    def test_an_attention_of_one_has_no_guiding_loss(self):
        """TRAP: the code takes the softmax of the attention again, so -log(1) is not 0."""
        attention = np.eye(3, dtype="float32")[[2] * 4]
        assert float(guiding_loss([attention, attention], own=2)) == pytest.approx(0, abs=1e-6)
        assert float(guiding_loss([attention], own=0)) > 20

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            ({"guide": -1}, "guide: got -1"),
            ({"regularization": -1}, "regularization: got -1"),
        ],
    )
    def test_wrong_arguments_are_named(self, arguments, sentence):
        with pytest.raises(ValueError, match=sentence):
            self.make(**arguments)

    def test_models_of_other_networks_or_widths_are_refused(self):
        network = self.network()
        other = self.network()
        other.set_weights([w + 1 for w in other.get_weights()])
        with pytest.raises(ValueError, match=r"models\[0\]: got another network"):
            SimAdapter.over([language(other, 1), language(network, 2)])
        with pytest.raises(ValueError, match=r"models\[0\].units: got 2"):
            SimAdapter.over([language(network, 1, units=2), language(network, 2)])
        with pytest.raises(ValueError, match="own: got 2"):
            SimAdapter(network, 10, languages=2, own=2)
