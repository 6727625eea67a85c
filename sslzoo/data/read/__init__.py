"""Formats of data sets: each is one file of this folder, found by itself.

A format of files is a module with

    SUFFIXES: endings that a name may leave out, (".npz",); () for folders.
    reads(path) -> bool: whether this format reads the path, which need not exist.
    splits(path) -> list[str]: the names of its splits, sorted.
    load(path, split, image_size, on_error) -> Dataset
        which resizes images itself, or leaves that to `sslzoo.data.load`

and, where there is reason to,

    KIND: what `available` calls it; by default the name of the file.
    GENERAL = True: asked after the other formats, which read special layouts.
    names(folder) -> list[str]: the names of the data sets in one folder of them.

What has no `reads` is found by its name alone: `digits`, and the sets of `tfds`.
"""

import functools
from importlib import import_module
from pathlib import Path
from types import ModuleType


@functools.cache
def formats() -> list[ModuleType]:
    """The formats of files, in the order in which they are asked whether they read a path.

    >>> [kind(format) for format in formats()][-1]
    'npz'
    """
    files = [path.stem for path in Path(__file__).parent.glob("*.py")]
    modules = [import_module(f"{__name__}.{name}") for name in files if not name.startswith("_")]
    readers = [module for module in modules if hasattr(module, "reads")]
    return sorted(readers, key=lambda module: (getattr(module, "GENERAL", False), module.__name__))


def format_of(path: Path) -> ModuleType | None:
    """The format that reads a path, or None.

    >>> format_of(Path("nowhere")) is None
    True
    """
    if path.exists() and not path.is_dir() and not path.is_file():
        return None  # opening a pipe would wait for ever
    return next((module for module in formats() if module.reads(path)), None)


def kind(module: ModuleType) -> str:
    """What `available` calls a format.

    >>> from sslzoo.data.read import npz
    >>> kind(npz)
    'npz'
    """
    return getattr(module, "KIND", module.__name__.rpartition(".")[2])


def check_split(name: object, split: str, splits: list[str]) -> None:
    """Refuse a split that a data set does not have. Raises ValueError with those that it has.

    >>> check_split("digits", "val", ["test", "train"])
    Traceback (most recent call last):
    ValueError: digits: no split 'val'; it has ['test', 'train'].
    """
    if split in splits:
        return
    hint = ""
    if split == "test" and "train" in splits:
        hint = (
            " (sslzoo.data.split(train, test=0.2) keeps a part apart; in a config, hold_out: 0.2; "
            "for sslzoo eval, --hold-out 0.2)"
        )
    raise ValueError(f"{name}: no split {split!r}; it has {splits}{hint}.")
