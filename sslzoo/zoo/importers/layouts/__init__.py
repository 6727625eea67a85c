"""The published layouts: each file here is one, with its table `LAYOUT` of an encoder. Where the
files hold the heads of a method too, `NETWORKS` has the tables of all its networks.
"""

from importlib import import_module
from pathlib import Path

from sslzoo.checks import one_of
from sslzoo.zoo.importers.layout import Layout, Networks


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


def networks(name: str) -> Networks | None:
    """All networks of a method in files of a layout; None where they hold an encoder alone.

    >>> list(networks("moco").layouts)
    ['backbone', 'projector', 'key_backbone', 'key_projector']
    """
    find(name)
    return getattr(import_module(f"{__name__}.{name}"), "NETWORKS", None)
