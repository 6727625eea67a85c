"""The package as it is installed: run in the checkout, and by `make wheel-test` on the wheel alone,
from another folder.
"""

import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

import sslzoo
from sslzoo.zoo.entry import Entry
from sslzoo.zoo.registry import config_folders

pytestmark = pytest.mark.wheel


def run(code, **environment):
    """What the code prints in a process of its own; a variable of None is not set in it."""
    environment = {**os.environ, **environment}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={name: value for name, value in environment.items() if value is not None},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def test_importing_sslzoo_loads_no_backend_and_no_keras():
    loaded = run(
        "import sys, sslzoo; print([m for m in ('tensorflow', 'jax', 'keras', 'numpy') if m in "
        "sys.modules])"
    )
    assert loaded == "[]"


LINUX_ON_X86 = sys.platform == "linux" and platform.machine() == "x86_64"
only_linux_on_x86 = pytest.mark.skipif(not LINUX_ON_X86, reason="oneDNN: Linux on x86 only")
AVX2 = {"avx", "avx2", "fma"}


@only_linux_on_x86
@pytest.mark.parametrize(("before", "after"), [(None, "1"), ("0", "0"), ("1", "1")])
def test_importing_sslzoo_asks_for_onednn_unless_the_user_has_decided(before, after):
    code = "import os, sslzoo; print(os.environ['TF_ENABLE_ONEDNN_OPTS'])"
    assert run(code, TF_ENABLE_ONEDNN_OPTS=before) == after


@only_linux_on_x86
@pytest.mark.slow
@pytest.mark.tensorflow
def test_tensorflow_then_says_that_onednn_is_on():
    code = "import os; os.dup2(1, 2); import sslzoo, tensorflow"
    said = run(code, TF_ENABLE_ONEDNN_OPTS=None, TF_CPP_MIN_LOG_LEVEL="0")
    assert "oneDNN custom operations are on" in said


@pytest.mark.parametrize(
    ("environment", "modules", "flags", "warns"),
    [
        ({}, {"tensorflow": None}, AVX2, True),
        ({"KERAS_BACKEND": "tensorflow"}, {"tensorflow": None}, AVX2, True),
        ({"KERAS_BACKEND": "jax"}, {"tensorflow": None}, AVX2, False),
        ({"TF_ENABLE_ONEDNN_OPTS": "0"}, {"tensorflow": None}, AVX2, False),
        ({"TF_ENABLE_ONEDNN_OPTS": "1"}, {"tensorflow": None}, AVX2, False),
        ({}, {"tensorflow": None}, AVX2 | {"avx512_vnni"}, False),
        ({}, {"tensorflow": None}, AVX2 | {"avx_vnni"}, False),
        ({}, {}, AVX2, False),
    ],
)
def test_tensorflow_before_sslzoo_warns_where_onednn_stays_off(
    environment, modules, flags, warns, recwarn
):
    sslzoo._prefer_one_dnn(dict(environment), modules, lambda: flags)
    assert [("import sslzoo first" in str(w.message)) for w in recwarn] == [True] * warns


@only_linux_on_x86
def test_the_warning_comes_once_and_names_the_line_that_imports():
    code = (
        "import sys, warnings\nsys.modules['tensorflow'] = sys\n"
        "with warnings.catch_warnings(record=True) as seen:\n"
        "    import sslzoo\n    import sslzoo.errors\n"
        "print(len(seen), *{w.filename for w in seen})"
    )
    expected = "0" if sslzoo._ONE_DNN_BY_ITSELF & sslzoo._processor() else "1 <string>"
    assert run(code, TF_ENABLE_ONEDNN_OPTS=None, KERAS_BACKEND="tensorflow") == expected


def test_the_version_is_that_of_the_distribution():
    assert importlib.metadata.version("sslzoo") == sslzoo.__version__


def test_every_public_name_is_found():
    for name in sslzoo.__all__:
        assert getattr(sslzoo, name) is not None


def test_the_configs_come_with_the_package():
    assert {"simclr_resnet20.cifar10", "simclr_resnet20.digits", "byol_resnet20.cifar10"} <= set(
        sslzoo.list_models()
    )


of_the_wheel = pytest.mark.skipif(
    "SSLZOO_WHEEL" not in os.environ, reason="about the installed wheel: make wheel-test"
)


@of_the_wheel
def test_the_wheel_is_what_runs_and_is_below_90_megabytes():
    package = Path(sslzoo.__file__).parent
    assert package.parent == Path(os.environ["SSLZOO_WHEEL"])
    assert config_folders() == [package / "zoo_configs"]
    assert (package / "templates").is_dir()
    assert sum(path.stat().st_size for path in package.rglob("*") if path.is_file()) < 90e6


@of_the_wheel
def test_the_wheel_has_the_weights_of_every_entry():
    for path in config_folders()[0].glob("*.yaml"):  # former versions too
        entry = Entry.find(path)
        if entry.config.record is not None:
            weights = entry.config.record.weights
            assert (entry.weights_folder / weights.file).stat().st_size == weights.bytes, path


WITHOUT_A_NETWORK = """
import socket
def refuse(*_): raise OSError("there is no network")
socket.socket.connect = socket.getaddrinfo = refuse
"""


@of_the_wheel
def test_the_flagship_loads_without_a_network_in_an_empty_cache(tmp_path):
    code = "import numpy, sslzoo; model = sslzoo.load('simclr_resnet50'); "
    code += "print(model.encode(numpy.zeros((2, 40, 30, 3), 'uint8')).shape)"
    printed = run(WITHOUT_A_NETWORK + code, SSLZOO_HOME=str(tmp_path), SSLZOO_MIRRORS=None)
    assert printed == "(2, 1024)" and not list(tmp_path.iterdir())


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
