import fine_tuning
import keras
import numpy as np
import pytest
from keras import ops

from sslzoo.evaluate.transfer import copied
from sslzoo.methods.transfer.lora import LoRA


class TestLoRA(fine_tuning.BesideTheNetwork):
    method = LoRA
    drop = 0.15  # B starts at zero, so the matrices begin to learn late
    canceled = ("block1_conv_lora/a", "block2_conv_lora/a")  # B starts at zero

    def test_merged_it_is_the_same_function_without_further_layers(self):
        model = self.trained()
        plain = model.merged()
        images = self.batch(20)["images"]
        for verb in ("encode", "classify"):
            here, there = getattr(model, verb)(images), getattr(plain, verb)(images)
            assert np.abs(there - here).max() <= 1e-5 * np.abs(here).max()
        assert [w.shape for w in plain.backbone.weights] == [
            w.shape for w in model.backbone.weights
        ]
        changed, former = plain.backbone.weights[0], model.backbone.weights[0]
        assert np.abs(ops.convert_to_numpy(changed - former)).max() > 1e-4

    def test_what_keras_copies_of_it_is_the_same_function(self):
        """As `sslzoo.evaluate.finetune` does."""
        model = self.trained()
        x = np.random.default_rng(0).random((4, 8, 8, 3), "float32")
        there = copied(model.encoder)(x, training=False)
        np.testing.assert_allclose(there, model.encoder(x, training=False), rtol=1e-5, atol=1e-6)

    def test_what_was_read_back_learns_on(self, tmp_path):
        """Keras' own `enable_lora` reads A and B back as zeros, which stay zeros."""
        self.trained().save_weights(tmp_path / "a.weights.h5")
        model = self.make()
        model.load_weights(tmp_path / "a.weights.h5")
        for variable in model.added.weights:
            assert ops.convert_to_numpy(variable).any(), variable.path

    def test_the_share_that_learns_is_that_of_the_matrices_and_the_head(self):
        model = self.make(rank=2)
        matrices = 2 * (9 * 3 + 8) + 2 * (9 * 8 + 16)
        head = 16 * 10 + 10
        network = 9 * (3 * 8 + 8 * 16) + 2 * (8 + 16)
        assert model.learned_share == (matrices + head) / (matrices + head + network)

    @pytest.mark.parametrize(
        ("argument", "sentence"), [({"rank": 0}, "rank: got 0"), ({"alpha": 0}, "alpha: got 0")]
    )
    def test_wrong_arguments_are_named(self, argument, sentence):
        with pytest.raises(ValueError, match=sentence):
            self.make(**argument)

    def test_a_network_without_kernels_is_refused(self):
        x = keras.Input((5, 2), name="series")
        network = keras.Model(x, keras.layers.GRU(3)(x), name="recurrent")
        with pytest.raises(ValueError, match="backbone: got recurrent; it must have dense layers"):
            LoRA(network, 2)
