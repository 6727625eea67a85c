"""The classes of sslzoo by the names that Keras writes into its files, before they are imported.

`keras.saving.load_model` looks a class up by such a name, "sslzoo>SimCLR". Whoever has imported
sslzoo finds all of them there; the modules behind them are imported when a file asks for one.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

_REGISTERED = re.compile(
    r'^@keras\.saving\.register_keras_serializable\((?:package=)?"sslzoo"\)\nclass (\w+)', re.M
)


class Later:
    """Stands for a class that is not imported yet, and imports it at the first use.

    >>> Later("fractions", "Fraction").from_float(0.5)
    Fraction(1, 2)
    """

    def __init__(self, module: str, name: str) -> None:
        self._place = module, name

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):  # copying and inspection import nothing
            raise AttributeError(attribute)
        module, name = self._place
        return getattr(getattr(importlib.import_module(module), name), attribute)


def classes(package: Path) -> dict[str, Later]:
    """{"sslzoo>Name": stand-in} of every class below the package that its source registers.

    >>> "sslzoo>SimCLR" in classes(Path(__file__).parent)
    True
    """
    found = {}
    for path in package.rglob("*.py"):
        module = ".".join((package.name, *path.relative_to(package).with_suffix("").parts))
        for name in _REGISTERED.findall(path.read_text("utf-8")):
            found[f"sslzoo>{name}"] = Later(module, name)
    return found


def register() -> None:
    """Tell Keras the names, now or as soon as it is imported. What is registered stays.

    >>> import keras
    >>> register()
    >>> "sslzoo>SimCLR" in keras.saving.get_custom_objects()
    True
    """
    if "keras" in sys.modules and hasattr(sys.modules["keras"], "saving"):
        _tell(sys.modules["keras"])
    else:
        sys.meta_path.insert(0, _AfterKeras())


def _tell(keras: ModuleType) -> None:
    known = keras.saving.get_custom_objects()
    for name, stand_in in classes(Path(__file__).parent).items():
        known.setdefault(name, stand_in)


class _AfterKeras(importlib.abc.MetaPathFinder):
    """Finds Keras as Python does, and tells it the names when it is loaded."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "keras":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        load = spec.loader.exec_module

        def load_and_tell(module: ModuleType) -> None:
            load(module)
            _tell(module)

        spec.loader.exec_module = load_and_tell
        return spec
