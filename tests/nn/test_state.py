"""A memory is in the file that a run goes on from, and not in published weights."""

import h5py
import keras
import numpy as np

from sslzoo import nn
from sslzoo.training import Method
from sslzoo.zoo.weights import load_weights, save_weights


@keras.saving.register_keras_serializable("sslzoo_tests")
class Remembering(Method):
    def __init__(self, backbone, size=5):
        super().__init__(backbone)
        self.run_state = nn.State()
        self.run_state.add_weight(
            shape=(size,), dtype="int32", initializer="zeros", trainable=False, name="memory"
        )

    @property
    def memory(self):
        return self.run_state.variables[0]


def remembering(size=5):
    model = Remembering(nn.backbone("micro", 8), size)
    model.memory.assign(np.arange(size))
    return model


def test_a_keras_file_holds_the_memory(tmp_path):
    remembering().save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(loaded.memory), np.arange(5))


def test_published_weights_do_not_and_fit_a_memory_of_another_size(tmp_path):
    model = remembering()
    model.backbone.layers[1].kernel.assign(np.full(model.backbone.layers[1].kernel.shape, 0.5))
    save_weights(model, tmp_path / "model.weights.h5")
    with h5py.File(tmp_path / "model.weights.h5") as file:
        names = []
        file.visit(names.append)
    assert not [name for name in names if "memory" in name]
    other = remembering(size=3)
    load_weights(other, tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(other.memory), np.arange(3))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(other.backbone.layers[1].kernel), 0.5)
