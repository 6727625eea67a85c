"""sslzoo: every way to learn a representation from little or no supervision, as one small
`keras.Model`.

    import sslzoo
    model = sslzoo.load("simclr_resnet20")
    features = model.encode(images)

Importing this loads neither TensorFlow nor JAX; the first use of a name does.
"""

import importlib

__version__ = "0.1.0"

_NAMES = {
    "list_models": "sslzoo.zoo.registry",
    "list_methods": "sslzoo.zoo.registry",
    "info": "sslzoo.zoo.registry",
    "load": "sslzoo.zoo.build",
    "build": "sslzoo.zoo.build",
    "Checkpoint": "sslzoo.methods.callbacks",
}
_MODULES = ("augment", "data", "evaluate", "losses", "methods", "nn", "optim", "zoo")

__all__ = [*_NAMES, *_MODULES]


def __getattr__(name):
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"sslzoo.{name}")
    raise AttributeError(f"module 'sslzoo' has no attribute {name!r}")


def __dir__():
    return [*globals(), *__all__]
