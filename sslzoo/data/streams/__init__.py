"""Samplers make batches from the rows of a data set.

Each is one file of this folder. `class_balanced.py` defines `ClassBalanced`. The file name is
enough to find it. The parameters of its constructor are its settings in a config.
"""

import functools
import inspect
import typing
from importlib import import_module
from pathlib import Path
from typing import Any

from sslzoo.data.dataset import Dataset
from sslzoo.data.endless import Endless
from sslzoo.data.pictures import Pictures
from sslzoo.errors import UnknownName, unknown

__all__ = ["Endless", "build", "class_name", "find", "names", "settings"]

# What the training gives, so that a config does not repeat it.
OF_TRAINING = ("batch_size", "seed", "start")


@functools.cache
def names() -> list[str]:
    """The names of all samplers, sorted.

    >>> "paired" in names()
    True
    """
    files = [path.stem for path in Path(__file__).parent.glob("*.py")]
    return sorted(name for name in files if not name.startswith("_"))


def class_name(name: str) -> str:
    """The name of the class in the file of a sampler.

    >>> class_name("class_balanced")
    'ClassBalanced'
    """
    return "".join(word.capitalize() for word in name.split("_"))


@functools.cache
def find(name: str) -> type[Endless]:
    """The class of a sampler.

    Raises:
        UnknownName: a ValueError, with the nearest names.
        TypeError: its file defines no such class.

    >>> find("paired").__name__
    'Paired'
    """
    if name not in names():
        raise UnknownName(unknown("sampler", name, names()))
    sampler = getattr(import_module(f"{__name__}.{name}"), class_name(name), None)
    if not (isinstance(sampler, type) and issubclass(sampler, Endless)):
        raise TypeError(f"{name}.py: it must define {class_name(name)}, an Endless.")
    return sampler


def settings(name: str) -> dict[str, tuple[Any, Any]]:
    """{parameter: (annotation, default)} of what a config may set; `inspect.Parameter.empty` is the
    default of what it must set.

    Left out is what the training gives: the data, the size of a batch, the seed, the start.

    >>> settings("crops")
    {'size': (<class 'int'>, <class 'inspect._empty'>), 'steps_per_epoch': (<class 'int'>, \
<class 'inspect._empty'>)}
    """
    parameters, kinds = _parameters(name)
    chosen = [p for p in list(parameters)[1:] if p not in OF_TRAINING and not _is_data(kinds[p])]
    return {p: (kinds[p], parameters[p].default) for p in chosen}


def build(
    name: str, dataset: Dataset | Pictures, batch_size: int, seed: int = 0, **settings: Any
) -> Endless:
    """The sampler `name` over a data set.

    Args:
        batch_size: for samplers that take one. seed: of the order.
        settings: the other parameters of its constructor.

    Raises:
        ValueError: a name or a setting that there is not, and what the sampler itself refuses.

    >>> from sslzoo import data
    >>> build("class_balanced", data.load("digits"), 12, classes=4, samples=3)[0]["labels"].shape
    (12,)
    """
    parameters, _ = _parameters(name)
    for setting in settings:
        if setting not in parameters:
            raise ValueError(unknown(f"setting of sampler {name}", setting, parameters))
    given = {"batch_size": batch_size, "seed": seed}
    return find(name)(dataset, **{p: given[p] for p in given if p in parameters}, **settings)


def _parameters(name):
    """The parameters of a sampler's constructor, and their annotations."""
    constructor = find(name).__init__
    parameters = dict(inspect.signature(constructor).parameters)
    del parameters["self"]
    return parameters, typing.get_type_hints(constructor)


def _is_data(kind):
    return bool({Dataset, Pictures} & {kind, *typing.get_args(kind)})
