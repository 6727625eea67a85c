"""The published layouts: each file here is one, with its table `LAYOUT`."""

from importlib import import_module
from pathlib import Path

from sslzoo.checks import one_of
from sslzoo.zoo.importers.layout import Layout


def names() -> list[str]:
    """The layouts, by the names of their files.

    >>> "torchvision_resnet" in names()
    True
    """
    stems = (path.stem for path in Path(__file__).parent.glob("*.py"))
    return sorted(stem for stem in stems if not stem.startswith("_"))


def find(name: str) -> Layout:
    """The layout of a name. Raises ValueError.

    >>> find("moco").prefixes
    ('module.encoder_q.',)
    """
    one_of("layout", name, names())
    return import_module(f"{__name__}.{name}").LAYOUT
