import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from sslzoo import backends, nn


def draw(noise, n=4):
    return ops.convert_to_numpy(keras.random.normal((n,), seed=noise))


def compiled(function):
    """`function` of a scalar int32 as the backend's compiled function, NumPy in, NumPy out."""
    layer = keras.layers.Layer()
    layer.noise = nn.Noise(0)
    run = backends.compiled(layer, lambda seed: function(layer.noise, seed))
    return layer, lambda seed: run(np.asarray(seed, "int32"))


def test_own_series_is_that_of_keras():
    noise, reference = nn.Noise(3), keras.random.SeedGenerator(3)
    for _ in range(3):
        np.testing.assert_array_equal(draw(noise), draw(reference))


def test_given_seed_repeats_and_other_seeds_differ():
    noise = nn.Noise(0)
    found = []
    for seed in (7, 7, 8):
        with noise.given(seed):
            found.append(draw(noise))
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0] != found[2]).all()


def test_draws_in_one_block_differ():
    noise = nn.Noise(0)
    with noise.given(7):
        first, second = draw(noise), draw(noise)
    assert (first != second).all()


def test_given_seed_leaves_the_state_alone():
    noise, untouched = nn.Noise(5), nn.Noise(5)
    with noise.given(7):
        draw(noise)
    np.testing.assert_array_equal(draw(noise), draw(untouched))


def test_given_seed_repeats_no_draw_of_the_run():
    """The seed of a sample is often that of the training run."""
    noise = nn.Noise(0)
    own = [draw(noise) for _ in range(3)]
    with noise.given(0):
        sample = draw(noise)
    assert all((sample != values).all() for values in own)


def test_blocks_may_be_nested_and_end_with_an_error():
    noise, reference = nn.Noise(0), nn.Noise(0)
    with noise.given(1):
        expected = draw(noise), draw(noise)
    with pytest.raises(RuntimeError, match="inside"), noise.given(1):
        first = draw(noise)
        with noise.given(2):
            draw(noise)
        second = draw(noise)
        raise RuntimeError("inside")
    np.testing.assert_array_equal([first, second], expected)
    np.testing.assert_array_equal(draw(noise), draw(reference))


def test_seed_is_an_input_of_a_compiled_function():
    def sample(noise, seed):
        with noise.given(seed):
            return keras.random.normal((4,), seed=noise)

    layer, run = compiled(sample)
    variables = len(layer.variables)
    found = [run(seed) for seed in (7, 8, 7)]
    np.testing.assert_array_equal(found[0], found[2])
    assert (found[0] != found[1]).all()
    with layer.noise.given(7):
        np.testing.assert_allclose(draw(layer.noise), found[0], rtol=1e-6)
    assert len(layer.variables) == variables  # none was made inside
    np.testing.assert_array_equal(draw(layer.noise), draw(nn.Noise(0)))  # and none was changed


@pytest.mark.jax
def test_given_seed_works_under_jit_and_leaves_no_tracer():
    import jax

    noise = nn.Noise(0)

    @jax.jit
    def sample(seed):
        with noise.given(seed):
            return keras.random.normal((4,), seed=noise), keras.random.uniform((4,), seed=noise)

    first, again = sample(7), sample(7)
    np.testing.assert_array_equal(first[0], again[0])
    assert np.isfinite(draw(noise)).all()


@pytest.mark.tensorflow
def test_saved_function_samples_by_the_seed_that_it_is_asked_with(tmp_path):
    import tensorflow as tf

    root = tf.train.Checkpoint()
    noise = nn.Noise(0)

    @tf.function(autograph=False, input_signature=[tf.TensorSpec((), "int32")])
    def sample(seed):
        with noise.given(seed):
            return keras.random.normal((4,), seed=noise)

    root.sample = sample
    tf.saved_model.save(root, tmp_path)
    served = tf.saved_model.load(tmp_path)
    for seed in (7, 8):
        with noise.given(seed):
            np.testing.assert_allclose(served.sample(seed), draw(noise), rtol=1e-6)


TWO_REPLICAS = """
import keras, numpy as np, tensorflow as tf
from sslzoo import nn

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    noise = nn.Noise(1)
step = tf.function(lambda: strategy.run(lambda: keras.random.normal((4,), seed=noise)))
runs = [[v.numpy() for v in strategy.experimental_local_results(step())] for _ in range(3)]
alone = nn.Noise(1)
for first, second in runs:
    # replica 0 draws as one device does
    np.testing.assert_allclose(first, keras.random.normal((4,), seed=alone).numpy())
draws = [values for run in runs for values in run]
assert len({values.tobytes() for values in draws}) == 6
"""


@pytest.mark.tensorflow
def test_replicas_draw_on_their_own():
    done = subprocess.run([sys.executable, "-c", TWO_REPLICAS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
