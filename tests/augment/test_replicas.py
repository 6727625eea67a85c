"""Replicas of one program draw apart; a single device draws what Keras' own seeds give."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from sslzoo.augment import Views

TWO_REPLICAS = """
import keras, numpy as np, tensorflow as tf
from sslzoo.augment import Views

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
images = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
with strategy.scope():
    views = Views("simclr", 16, seed=1)
step = tf.function(lambda: strategy.run(lambda: views(tf.constant(images))[0]))
local = strategy.experimental_local_results
runs = np.stack([[v.numpy() for v in local(step())] for _ in range(3)])
alone = Views("simclr", 16, seed=1)
single = np.stack([np.asarray(alone(images)[0]) for _ in range(3)])
np.testing.assert_allclose(runs[:, 0], single, atol=1e-5)  # replica 0 draws as one device does
draws = runs.reshape(6, 3, -1)  # (call, replica) x image
pairs = [(a, b) for n, a in enumerate(draws) for b in draws[:n]]
apart = [np.abs(a[i] - b[i]).max() for a, b in pairs for i in range(3)]
# neither the other replica of a step nor of another repeats a view
assert min(apart) > 0.01, min(apart)
"""


@pytest.mark.tensorflow
def test_two_replicas_with_the_same_images_draw_different_views():
    done = subprocess.run([sys.executable, "-c", TWO_REPLICAS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_one_device_has_the_seeds_of_keras():
    seeds, own = keras.random.SeedGenerator(5), Views("none", 8, seed=5).seed_generator
    for _ in range(3):
        np.testing.assert_array_equal(np.asarray(own.next()), np.asarray(seeds.next()))
