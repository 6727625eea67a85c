import fine_tuning
import keras
import numpy as np
import pytest
from fine_tuning import same, values
from harness import EAGER, inject
from keras import ops

from sslzoo import nn
from sslzoo.methods.transfer.fine_tune import FineTune


class TestFineTune(fine_tuning.Checks):
    method = FineTune
    learning_rate = 0.1  # at .5 the features of an untrained network collapse on some machines
    arguments = {"backbone_rate": 0.5, "decay": 0.5, "unfreeze_epochs": 1}

    def test_frozen_blocks_and_all_statistics_stay_as_they_are(self):
        plain = {"backbone_rate": 1.0, "decay": 1.0, "unfreeze_epochs": 0}
        start, model = self.make(**plain), self.trained(frozen=1, **plain)
        pairs = zip(start.backbone.weights, model.backbone.weights, strict=True)
        stays = {new.path: same(values([old]), values([new]))[0] for old, new in pairs}
        moved = {path for path, same in stays.items() if not same}
        assert moved == {"block2_conv/kernel", "block2_bn/gamma", "block2_bn/beta"}

    @pytest.mark.compared
    @pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
    def test_a_block_moves_by_the_share_of_its_rate(self, optimizer):
        """Also under Adam, to which the size of a gradient means nothing."""
        make = getattr(keras.optimizers, optimizer)
        start = values(self.make().trainable_variables)
        moves = {}
        for name, rates in (("all", (1.0, 1.0)), ("own", (0.1, 0.5))):
            options = {"backbone_rate": rates[0], "decay": rates[1], "unfreeze_epochs": 0}
            model = self.trained(make(0.1), epochs=1, **options)
            after = zip(model.trainable_variables, start, strict=True)
            moves[name] = {v.path: ops.convert_to_numpy(v) - old for v, old in after}
        rates = {"block1": 0.05, "block2": 0.1, "head_d": 1.0}
        for path, move in moves["all"].items():
            expected = rates[path[:6]] * move
            np.testing.assert_allclose(moves["own"][path], expected, rtol=1e-3, atol=1e-6)

    def test_blocks_start_to_learn_one_by_one_from_the_last(self):
        """First the head alone. Momentum and decay do not move what waits."""
        seen = {}

        class Follow(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                blocks = nn.block_weights(self.model.backbone)
                seen[epoch] = {name: values(block) for name, block in blocks.items()}

        options = {"backbone_rate": 1.0, "decay": 1.0, "probe_epochs": 1, "unfreeze_epochs": 2}
        model = inject(self.make(**options))
        model.compile(keras.optimizers.AdamW(0.01, weight_decay=0.1), **EAGER)
        start = {name: values(block) for name, block in nn.block_weights(model.backbone).items()}
        model.fit(self.batch(16), batch_size=16, epochs=4, callbacks=[Follow()], verbose=0)
        moved = {
            name: [not all(same(start[name], seen[epoch][name])) for epoch in range(4)]
            for name in start
        }
        assert moved == {
            "block1": [False, False, False, True],
            "features": [False, True, True, True],
        }

    def test_the_network_that_was_given_stays_as_it_is(self):
        network = nn.backbone("micro", 8)
        model = inject(FineTune(network, 10))
        before = values(network.weights)
        np.testing.assert_array_equal(values(model.backbone.weights)[0], before[0])
        model.compile("sgd", **EAGER)
        model.fit(self.batch(16), batch_size=16, verbose=0)
        assert all(same(before, values(network.weights)))
        assert all(variable.trainable for variable in network.trainable_variables)

    def test_with_all_blocks_frozen_it_is_a_linear_probe(self):
        model = self.make(frozen=2)
        assert {v.path for v in model.trainable_variables} == {
            "head_dense1/kernel",
            "head_dense1/bias",
        }
        head = 16 * 10 + 10
        network = 9 * (3 * 8 + 8 * 16) + 2 * (8 + 16)
        assert model.learned_share == head / (head + network)

    @pytest.mark.parametrize(
        ("argument", "sentence"),
        [
            ({"frozen": 3}, "frozen: got 3; it must be at most 2: block1, features"),
            ({"frozen": -1}, "frozen: got -1"),
            ({"backbone_rate": 0}, "backbone_rate: got 0"),
            ({"decay": 1.5}, "decay: got 1.5"),
            ({"unfreeze_epochs": 0.5}, "unfreeze_epochs: got 0.5"),
        ],
    )
    def test_wrong_arguments_are_named(self, argument, sentence):
        with pytest.raises(ValueError, match=sentence):
            self.make(**argument)
