"""The protocols, by name. Each is a file here with a public function named like the file.

The function takes the model, then the data, then settings with a default. Its annotations say what
a setting may be, as pydantic reads them. Two constants above the first function, of plain values:

    HEADLINES: the figures that tables show, [(path in the record, unit, words made of the record's
        settings)].
    DATA: how the data that a config names are read. "sets", the default: data sets, images in one
        size, which is the model's where those of the files differ. "maps": the same, but 320 px
        where they differ. "pictures": images whole, each in its own size. "tasks": not at all, the
        protocol is measured while the tasks of the training are learned.
"""

import ast
import functools
import inspect
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from sslzoo.errors import UnknownName, unknown

CONSTANTS = ("HEADLINES", "DATA")
WAYS = ("sets", "maps", "pictures", "tasks")
# Parameters that say how a protocol is run. A config does not set them.
RUNNING = (
    "batch_size",
    "baselines",
    "callbacks",
    "checkpoint",
    "checkpoint_every",
    "dry_run",
    "verbose",
)


@functools.cache
def _files() -> dict[str, Path]:
    """{protocol: path of its file}, sorted."""
    paths = sorted(Path(__file__).parent.glob("*.py"))
    return {path.stem: path for path in paths if not path.stem.startswith("_")}


def names() -> list[str]:
    """Names of the protocols, sorted.

    >>> "knn" in names()
    True
    """
    return list(_files())


def find(name: str) -> Callable[..., dict]:
    """The function of a protocol. Raises UnknownName, which suggests the nearest names.

    >>> find("knn").__name__
    'knn'
    >>> find("linear_prob")
    Traceback (most recent call last):
    sslzoo.errors.UnknownName: Unknown protocol 'linear_prob'; did you mean linear_probe?
    """
    _path(name)
    return getattr(import_module(f"{__name__}.{name}"), name)


def roles(name: str) -> tuple[str, ...]:
    """The data that a protocol takes, in the order of its function. Raises UnknownName.

    >>> roles("knn"), roles("accuracy")
    (('train', 'test'), ('test',))
    """
    return tuple(key for key, (_, default) in _parameters(name).items() if default is _NEEDED)


def settings(name: str) -> dict[str, tuple[Any, Any]]:
    """{setting: (annotation, default)} of a protocol. Raises UnknownName.

    >>> {key: default for key, (_, default) in settings("knn").items()}
    {'k': None, 'temperature': 0.1}
    """
    data = roles(name)
    return {key: value for key, value in _parameters(name).items() if key not in data + RUNNING}


def headlines(name: str) -> list[tuple[str, str, str]]:
    """`HEADLINES` of a protocol, read from its file: nothing is imported. Raises UnknownName.

    >>> headlines("knn")
    [('accuracy', '%', 'kNN, k {k}')]
    """
    return _constants(name).get("HEADLINES", [])


def data(name: str) -> str:
    """`DATA` of a protocol: "sets", "maps", "pictures" or "tasks". Raises UnknownName, or
    ValueError where its file says something else.

    >>> data("knn"), data("detection"), data("super_resolution"), data("incremental")
    ('sets', 'maps', 'pictures', 'tasks')
    """
    way = _constants(name).get("DATA", WAYS[0])
    if way not in WAYS:
        raise ValueError(unknown(f"DATA of {name}", way, WAYS))
    return way


@functools.cache
def _constants(name):
    """{constant: value} of a protocol's file. They stand above the first function, so that little
    has to be parsed.
    """
    source = _path(name).read_text(encoding="utf-8")
    above = re.split(r"^(?:def|class|@)", source, maxsplit=1, flags=re.MULTILINE)[0]
    constants = {}
    for node in ast.parse(above).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in CONSTANTS:
            constants[ast.unparse(node.targets[0])] = ast.literal_eval(node.value)
    return constants


_NEEDED = inspect.Parameter.empty


def _path(name):
    if name not in _files():
        raise UnknownName(unknown("protocol", name, names()))
    return _files()[name]


def _parameters(name):
    """{parameter: (annotation, default)} of a protocol but its first one, the model."""
    _, *others = inspect.signature(find(name)).parameters.values()
    return {parameter.name: (parameter.annotation, parameter.default) for parameter in others}
