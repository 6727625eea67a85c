"""On a machine without TensorFlow, training on JAX works and its weights load on TensorFlow."""

import os
import subprocess
import sys

import numpy as np
import pytest

import sslzoo

pytest.importorskip("jax")

TRAIN = """
import sys
# as if it were not installed: importing it raises, find_spec finds nothing
sys.modules["tensorflow"] = None
import numpy as np, sslzoo
model = sslzoo.build("simclr", "micro", image_size=8, augment="digits")
images = sslzoo.data.load("digits", split="test").images[:128]
history = model.fit(images, batch_size=64, epochs=2, verbose=0).history
assert np.isfinite(history["loss"]).all() and len(history["loss"]) == 2
model.save_weights(sys.argv[1] + "/jax.weights.h5")
np.save(sys.argv[1] + "/features.npy", model.encode(images))
"""


def test_trains_on_jax_without_tensorflow(tmp_path):
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(
        [sys.executable, "-c", TRAIN, tmp_path], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr[-2000:]
    model = sslzoo.build("simclr", "micro", image_size=8, augment="digits")
    model.load_weights(tmp_path / "jax.weights.h5")
    features = model.encode(sslzoo.data.load("digits", split="test").images[:128])
    np.testing.assert_allclose(features, np.load(tmp_path / "features.npy"), rtol=1e-4, atol=1e-5)
