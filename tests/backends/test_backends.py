import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from sslzoo import backends, nn


@pytest.fixture
def dense():
    return nn.head(3, [(2, None, None)], "h")


def test_one_process_is_one_replica_and_gathers_itself():
    x = ops.convert_to_tensor(np.arange(6.0).reshape(3, 2))
    assert backends.replicas() == 1
    assert backends.process() == (0, 1)
    np.testing.assert_array_equal(ops.convert_to_numpy(backends.gather(x)), ops.convert_to_numpy(x))


def test_compiled_sees_new_values_and_takes_any_shape(dense):
    function = backends.compiled(dense, lambda x: ops.sum(dense(ops.cast(x, "float32")), axis=-1))
    for shape, dtype in (((4, 3), "float32"), ((5, 3), "float32"), ((2, 3), "uint8")):
        x = np.ones(shape, dtype)
        for value in (1.0, 2.0):
            dense.set_weights([np.full((3, 2), value), np.zeros(2)])
            result = function(x)
            assert isinstance(result, np.ndarray)
            np.testing.assert_allclose(result, np.full(shape[:-1], 6 * value))


def test_abstract_finds_the_structure_and_moves_nothing():
    layer = keras.layers.BatchNormalization()
    layer.build((None, 3))
    found = backends.abstract(
        lambda x: {"mean": ops.mean(layer(x, training=True))}, np.ones((4, 3), "float32")
    )
    assert list(found) == ["mean"]
    assert tuple(found["mean"].shape) == ()
    np.testing.assert_array_equal(ops.convert_to_numpy(layer.moving_mean), np.zeros(3))


def test_another_backend_is_refused_by_name():
    code = "import keras; keras.backend.backend = lambda: 'torch'; import sslzoo.backends"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (
        "ImportError: KERAS_BACKEND is 'torch'; sslzoo trains on 'tensorflow' (default) or 'jax'"
        in done.stderr
    )
