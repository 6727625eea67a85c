"""Keras' own files of sslzoo's models, read where nothing but the package was imported."""

import os
import subprocess
import sys

import numpy as np
import pytest

import sslzoo

FIRST = {
    "sslzoo": "import sslzoo, keras",
    "keras": "import keras, sslzoo",
    "module": "import sslzoo.nn, keras",
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    model = sslzoo.build("simclr", "micro", 8)
    model.save(folder / "model.keras")
    model.backbone.save(folder / "backbone.keras")
    sslzoo.build("vae", {"name": "mlp", "channels": 1}, 8).save(folder / "vae.keras")
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    np.save(folder / "images.npy", images)
    np.save(folder / "features.npy", model.encode(images))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("first", FIRST)
def test_keras_loads_what_was_saved_once_sslzoo_is_imported(saved, first):
    code = f"""
{FIRST[first]}
import numpy as np
load = keras.saving.load_model
images, features = np.load("images.npy"), np.load("features.npy")
np.testing.assert_allclose(load("model.keras").encode(images), features, rtol=1e-5)
floats = images.astype("float32") / 255
np.testing.assert_allclose(load("backbone.keras")(floats), features, rtol=1e-4, atol=1e-6)
assert type(load("vae.keras")) is sslzoo.methods.VAE
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=saved,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_every_registered_class_has_its_name():
    import importlib
    import pkgutil
    from pathlib import Path

    import keras

    from sslzoo.registered import classes

    for module in pkgutil.walk_packages(sslzoo.__path__, "sslzoo."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    registered = {
        name
        for name, value in keras.saving.get_custom_objects().items()
        if name.startswith("sslzoo>") and value.__module__.startswith("sslzoo.")
    }
    assert set(classes(Path(sslzoo.__file__).parent)) == registered
