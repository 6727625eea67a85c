"""Every method by its class name: `sslzoo.methods.SimCLR(backbone, ...)`.

A method is a file, methods/<family>/<method>.py; they are found from the file names, without
importing keras.
"""

import functools
from importlib import import_module
from pathlib import Path

from sslzoo.errors import UnknownName, unknown


@functools.cache
def _methods():
    """{method: path of its file}: every methods/<family>/<method>.py is a method, named after its
    file.
    """
    files = Path(__file__).parent.glob("*/*.py")
    return {path.stem: path for path in sorted(files) if not path.stem.startswith("_")}


def list_methods(family=None):
    """Names of the methods, sorted; of one family ("contrastive", "asymmetric", ...) if it is
    given.
    """
    families = sorted({path.parent.name for path in _methods().values()})
    if family is not None and family not in families:
        raise UnknownName(unknown("family", family, families))
    return sorted(name for name, path in _methods().items() if family in (None, path.parent.name))


def method_path(name):
    """Path of the file that defines the method `name`. Raises UnknownName."""
    if name not in _methods():
        raise UnknownName(unknown("method", name, _methods()))
    return _methods()[name]


def method_family(name):
    """The family folder of a method, e.g. "contrastive". Raises UnknownName."""
    return method_path(name).parent.name


def method_class(name):
    """The class of a method: the Method defined in methods/<family>/<name>.py, named like the file
    (SimCLR: simclr).

    Imports keras. Raises UnknownName; TypeError if the file defines no such class.
    """
    path = method_path(name)
    module = import_module(f"sslzoo.methods.{path.parent.name}.{path.stem}")
    wanted = name.replace("_", "")
    for key, value in vars(module).items():
        if (
            isinstance(value, type)
            and value.__module__ == module.__name__
            and key.lower() == wanted
        ):
            return value
    raise TypeError(
        f"{path} defines no class named like its file ({wanted!r} in any case), a Method is needed."
    )


def __getattr__(name):
    for method in _methods():
        if method.replace("_", "") == name.lower():
            found = method_class(method)
            if found.__name__ == name:
                return found
    raise AttributeError(f"module 'sslzoo.methods' has no attribute {name!r}")
