"""Every method by its class name: `sslzoo.methods.SimCLR(backbone, ...)`.

A method is a file, methods/<family>/<method>.py. File names are enough to find it, so that keras is
not imported.
"""

import ast
import functools
from importlib import import_module
from pathlib import Path

from sslzoo.errors import UnknownName, unknown


@functools.cache
def _methods() -> dict[str, Path]:
    """{method: path of its file}: every methods/<family>/<method>.py is a method, named after its
    file.
    """
    files = Path(__file__).parent.glob("*/*.py")
    return {path.stem: path for path in sorted(files) if not path.stem.startswith("_")}


def list_methods(family: str | None = None) -> list[str]:
    """Names of the methods, sorted.

    Args:
        family: A family such as "contrastive". None: all families.

    Raises:
        UnknownName: There is no such family.

    Example:
        >>> from sslzoo.methods import list_methods
        >>> list_methods("metric")
        ['siamese', 'triplet']
    """
    families = sorted({path.parent.name for path in _methods().values()})
    if family is not None and family not in families:
        raise UnknownName(unknown("family", family, families))
    return sorted(name for name, path in _methods().items() if family in (None, path.parent.name))


def method_path(name: str) -> Path:
    """Path of the file that defines the method `name`. Raises UnknownName.

    Example:
        >>> from sslzoo.methods import method_path
        >>> method_path("simclr").name
        'simclr.py'
    """
    if name not in _methods():
        raise UnknownName(unknown("method", name, _methods()))
    return _methods()[name]


def method_family(name: str) -> str:
    """The family folder of a method. Raises UnknownName.

    Example:
        >>> from sslzoo.methods import method_family
        >>> method_family("simclr")
        'contrastive'
    """
    return method_path(name).parent.name


def method_class(name: str) -> type:
    """The class of a method: the Method defined in methods/<family>/<name>.py, named like the file
    (SimCLR: simclr). Imports keras.

    Raises:
        UnknownName: there is no such file. TypeError: it defines no such class.

    Example:
        >>> from sslzoo.methods import method_class
        >>> method_class("simclr").__name__
        'SimCLR'
    """
    path = method_path(name)
    module = import_module(f"sslzoo.methods.{path.parent.name}.{path.stem}")
    wanted = name.replace("_", "")
    for key, value in vars(module).items():
        defined_here = isinstance(value, type) and value.__module__ == module.__name__
        if defined_here and key.lower() == wanted:
            return value
    raise TypeError(
        f"{path} defines no class named like its file ({wanted!r} in any case), a Method is needed."
    )


def method_docstring(name: str) -> tuple[str, str]:
    """(class name, docstring) of a method, from its source: keras is not imported.

    Raises:
        UnknownName: there is no such method.

    Example:
        >>> from sslzoo.methods import method_docstring
        >>> method_docstring("simclr")[0]
        'SimCLR'
    """
    tree = ast.parse(method_path(name).read_text(encoding="utf-8"))
    wanted = name.replace("_", "")
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    owner = next(node for node in classes if node.name.lower() == wanted)
    return owner.name, ast.get_docstring(owner)


def __getattr__(name: str) -> type:
    for method in _methods():
        if method.replace("_", "") == name.lower():
            cls = method_class(method)
            if cls.__name__ == name:
                return cls
    raise AttributeError(f"module 'sslzoo.methods' has no attribute {name!r}")
