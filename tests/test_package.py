"""The package as it is installed: run in the checkout, and by `make wheel-test` on the wheel alone,
from another folder.
"""

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

import sslzoo
from sslzoo.zoo.registry import config_folders

pytestmark = pytest.mark.wheel


def run(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def test_importing_sslzoo_loads_no_backend_and_no_keras():
    loaded = run(
        "import sys, sslzoo; print([m for m in ('tensorflow', 'jax', 'keras', 'numpy') if m in "
        "sys.modules])"
    )
    assert loaded == "[]"


def test_the_version_is_that_of_the_distribution():
    assert importlib.metadata.version("sslzoo") == sslzoo.__version__


def test_every_public_name_is_found():
    for name in sslzoo.__all__:
        assert getattr(sslzoo, name) is not None


def test_the_configs_come_with_the_package():
    assert {"simclr_resnet20.cifar10", "simclr_resnet20.digits", "byol_resnet20.cifar10"} <= set(
        sslzoo.list_models()
    )


@pytest.mark.skipif(
    "SSLZOO_WHEEL" not in os.environ, reason="about the installed wheel: make wheel-test"
)
def test_the_wheel_is_what_runs_and_its_weights_are_small():
    package = Path(sslzoo.__file__).parent
    assert package.parent == Path(os.environ["SSLZOO_WHEEL"])
    assert config_folders() == [package / "zoo_configs"]
    assert (package / "templates").is_dir()
    assert sum(path.stat().st_size for path in (package / "weights").iterdir()) < 20e6


def test_a_pretrained_model_encodes():
    model = sslzoo.load("simclr_resnet20.digits")
    test = sslzoo.data.load("digits", split="test")
    features = model.encode(test.images)
    assert features.shape == (500, 64)
    assert (
        sslzoo.evaluate.knn(
            None,
            (model.encode(sslzoo.data.load("digits").images), sslzoo.data.load("digits").labels),
            (features, test.labels),
            k=20,
            baselines=False,
        )["accuracy"]
        > 0.85
    )
