"""A Keras 3 model zoo for learning from few labels or none.

    import sslzoo
    model = sslzoo.load("simclr_resnet20")
    features = model.encode(images)

`import sslzoo` loads neither TensorFlow nor JAX. The first use of a name does. On Linux and x86 it
sets TF_ENABLE_ONEDNN_OPTS=1, unless you have set that variable. Convolutions are then about twice
as fast on processors where TensorFlow leaves oneDNN off.
"""

import gc
import importlib
import os
import sys
import tempfile
import warnings

from sslzoo import registered

__version__ = "0.1.0"

_NAMES = {
    "list_models": "sslzoo.zoo.registry",
    "list_methods": "sslzoo.zoo.registry",
    "info": "sslzoo.zoo.entry",
    "load": "sslzoo.zoo.build",
    "build": "sslzoo.zoo.build",
    "save": "sslzoo.zoo.folder",
    "push": "sslzoo.zoo.push",
    "Checkpoint": "sslzoo.training.checkpoint",
    "Index": "sslzoo.evaluate.index",
}
_MODULES = (
    *("augment", "data", "evaluate", "inputs", "losses", "methods", "nn", "optim"),
    *("plots", "serving", "training", "zoo"),
)

__all__ = [*_NAMES, *_MODULES]


# The flags of /proc/cpuinfo for which TensorFlow switches oneDNN on by itself
# (tensorflow/core/util/port.cc, DefaultOneDnnPolicy).
_ONE_DNN_BY_ITSELF = {
    "amx_bf16",
    "amx_int8",
    "amx_tile",
    "avx512_bf16",
    "avx512_vnni",
    "avx_vnni",
}


def _processor():
    """The flags of this machine's processor, as Linux names them."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            return next((set(line.split()) for line in lines if line.startswith("flags")), set())
    except OSError:
        return set()


def _prefer_one_dnn(environment=os.environ, modules=sys.modules, processor=_processor):
    """Have TensorFlow use oneDNN; it reads the setting once, when it is imported."""
    if "TF_ENABLE_ONEDNN_OPTS" in environment:
        return
    if "tensorflow" not in modules:
        environment["TF_ENABLE_ONEDNN_OPTS"] = "1"
    elif environment.get("KERAS_BACKEND") != "jax" and not _ONE_DNN_BY_ITSELF & processor():
        warnings.warn(
            "TensorFlow was imported before sslzoo and runs without oneDNN, which makes "
            "convolutions about twice as fast on this processor: import sslzoo first or set "
            "TF_ENABLE_ONEDNN_OPTS=1 (0 keeps it off without this warning).",
            stacklevel=3,
        )


if sys.platform == "linux" and os.uname().machine == "x86_64":
    _prefer_one_dnn()

if os.path.expanduser("~") == "~":  # no HOME: TensorFlow would make a folder of that name
    os.environ.setdefault("KERAS_HOME", os.path.join(tempfile.gettempdir(), ".keras"))

registered.register()


def _module(name):
    """The module `name`, imported without collecting garbage.

    Keras and TensorFlow make about a million objects and hardly any garbage, and each full
    collection visits all of them: a sixth of the time of their import. To freeze and unfreeze the
    objects makes them old ones, which the collector seldom visits.
    """
    if name in sys.modules or not gc.isenabled() or gc.get_freeze_count():
        return importlib.import_module(name)
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.unfreeze()
        gc.enable()


def __getattr__(name: str) -> object:
    if name in _NAMES:
        return getattr(_module(_NAMES[name]), name)
    if name in _MODULES:
        return _module(f"sslzoo.{name}")
    raise AttributeError(f"module 'sslzoo' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
