"""What all tests share: quiet logs, JAX's compiled programs kept between runs, markers of one
backend skipped on the other.
"""

import ctypes
import gc
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# What `import sslzoo` sets: many tests import Keras, and so TensorFlow, before it.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# A program compiles in seconds and is read back in milliseconds: the suite runs the same small ones
# again and again.
os.environ.setdefault(
    "JAX_COMPILATION_CACHE_DIR",
    str(Path(tempfile.gettempdir()) / f"sslzoo-jax-cache-{os.getuid()}"),
)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
# Half the time of JAX's tests was spent on making small programs fast that run once or twice.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")

import keras
import pytest

# Tracing makes many objects and little garbage: with Python's thresholds a sixth of the time is
# spent looking for it.
gc.set_threshold(100_000, 50, 100)

sys.path.append(str(Path(__file__).parents[1]))  # `benchmarks`, in a checkout


LONG = ("test_readme", "test_notebooks", "test_demo")
# What one process prepares for the tests of all methods (methods/conftest.py).
PREPARED = ("interrupted_runs", "single_steps", "replica_steps", "process_steps")
# The short suite makes the checks of what methods inherit for one method of each kind of state:
# none, a queue beside a moving average, prototypes, clusters, two optimizers, thresholds, kept
# items, boosted weights.
SHORT = {"SimCLR", "MoCo", "SwAV", "DeepCluster", "SRGAN", "FlexMatch", "ICaRL", "AdaRNN"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    backend = os.environ["KERAS_BACKEND"]
    for item in items:
        if item.get_closest_marker("inherited") and item.cls.__name__[len("Test") :] not in SHORT:
            item.add_marker(pytest.mark.slow)
        for other in {"tensorflow", "jax"} - {backend}:
            if item.get_closest_marker(other):
                item.add_marker(
                    pytest.mark.skip(reason=f"needs the {other} backend, this run is on {backend}")
                )
    items.sort(key=place)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Every test draws the same initial weights in every run, before its fixtures are made."""
    keras.utils.set_random_seed(0)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item, nextitem):
    """Between two files, memory goes back to the system. JAX keeps every compiled program, and
    malloc what was freed: in a whole run those were 9 GB of each worker.
    """
    if nextitem is not None and item.path == nextitem.path:
        return
    if keras.backend.backend() == "jax":
        import jax

        jax.clear_caches()
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc alone
        if trim:
            trim(0)


def waits(item):
    """Places in PREPARED of the folders that a test waits for."""
    return [PREPARED.index(name) for name in getattr(item, "fixturenames", ()) if name in PREPARED]


def place(item):
    """The longest tests first. What waits for a prepared folder last, and in turns, so that two
    workers prepare two of them at once.
    """
    if waits(item):
        return 2, item.nodeid.rpartition("::")[0], max(waits(item))
    return int(item.path.stem not in LONG), "", 0


@pytest.fixture
def command(monkeypatch, capsys):
    """command("list", "--json") -> (exit code, stdout, stderr)."""

    from sslzoo import cli

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["sslzoo", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return stopped.value.code or 0, *capsys.readouterr()

    return run
