"""The harness is importable by its name from every test of a method; what runs in other processes
runs once.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


def once(tmp_path_factory, name, produce):
    """A folder that `produce(folder)` fills once per test run, also when pytest-xdist runs several
    workers.
    """
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder = root / name
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            folder.mkdir(exist_ok=True)
            produce(folder)
            (folder / "done").touch()
    return folder


def asking(request):
    """Names of the methods whose tests of this run ask for the fixture, sorted."""
    import harness

    items = [i for i in request.session.items if request.fixturename in i.fixturenames]
    return sorted({harness.spec_name(item.cls) for item in items})


def driver(command, folder, names, *args, **environment):
    """Start `python driver.py command folder names ...`."""
    package = Path(importlib.util.find_spec("sslzoo").origin).parents[1]
    paths = os.pathsep.join(filter(None, [str(package), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        [
            sys.executable,
            str(HERE / "driver.py"),
            command,
            str(folder),
            ",".join(names),
            *map(str, args),
        ],
        env={**os.environ, "PYTHONPATH": paths, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(*processes):
    for process in processes:
        output, _ = process.communicate(timeout=1800)  # a loaded machine; a hang is no result
        assert process.returncode == 0, output[-6000:]


@pytest.fixture(scope="session")
def interrupted_runs(request, tmp_path_factory):
    """Folder with, for each method, the end state of a run and of the same run killed twice
    (driver.py, resume).
    """
    names = asking(request)
    return once(tmp_path_factory, "resume", lambda folder: finish(driver("resume", folder, names)))


@pytest.fixture(scope="session")
def single_steps(request, tmp_path_factory):
    """Folder with, for each method, weights, and what one step on one device makes of them: on this
    backend, and where it is TensorFlow on JAX too.
    """
    names = asking(request)
    backends = [os.environ["KERAS_BACKEND"]]
    if backends == ["tensorflow"] and importlib.util.find_spec("jax"):
        backends.append("jax")

    def produce(folder):
        import harness

        for name, spec in harness.specs(names).items():
            spec.make().save_weights(folder / f"{name}.weights.h5")
        finish(*[driver("steps", folder, names, KERAS_BACKEND=b) for b in backends])

    return once(tmp_path_factory, "steps", produce)


@pytest.fixture(scope="session")
def replica_steps(request, single_steps, tmp_path_factory):
    """Folder with the same steps on two devices."""
    names = asking(request)
    flags = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"

    def produce(folder):
        finish(driver("replicas", folder, names, single_steps, XLA_FLAGS=flags))

    return once(tmp_path_factory, "replicas", produce)


@pytest.fixture(scope="session")
def process_steps(request, single_steps, tmp_path_factory):
    """Folder with the same steps on two processes of one device each (JAX)."""
    names = asking(request)

    def produce(folder):
        import socket

        with socket.socket() as free:
            free.bind(("localhost", 0))
            port = free.getsockname()[1]
        finish(*(driver("process", folder, names, single_steps, i, port) for i in range(2)))

    return once(tmp_path_factory, "processes", produce)


@pytest.fixture
def simclr():
    """simclr(**kwargs): a compiled SimCLR on the micro backbone."""
    import keras

    from sslzoo import methods, nn

    def make(optimizer=None, **kwargs):
        model = methods.SimCLR(
            nn.backbone("micro", 8), **{"projection": (16, 8), "augment": "digits"} | kwargs
        )
        model.compile(optimizer or keras.optimizers.SGD(0.1, momentum=0.9))
        model.optimizer.build(model.trainable_variables)
        return model

    return make
