"""One entry of the zoo: its name, its file, and what follows from them, resolved once."""

import functools
from dataclasses import dataclass
from pathlib import Path

from sslzoo.zoo.card import ModelCard
from sslzoo.zoo.config import read_config
from sslzoo.zoo.registry import entry_name, resolve
from sslzoo.zoo.schema import ZooConfig


@dataclass(frozen=True)
class Entry:
    """An entry of the zoo, or a config anywhere.

    Attributes:
        name: the file's, without its suffix.
        path: of the YAML file.

    Example:
        >>> from sslzoo.zoo.entry import Entry
        >>> Entry.find("simclr_resnet20.digits").config.method
        'simclr'
    """

    name: str
    path: Path

    @classmethod
    def find(cls, name: str | Path) -> "Entry":
        """The entry of a name or a path, as `sslzoo.zoo.resolve` finds it."""
        path = resolve(name)
        return cls(entry_name(path), path)

    @functools.cached_property
    def config(self) -> ZooConfig:
        """The validated config. Raises ConfigError."""
        return read_config(self.path)

    @property
    def card(self) -> ModelCard:
        """What a person wants to know about the entry."""
        return ModelCard(self.name, self.config)

    @property
    def weights_folder(self) -> Path:
        """Where its weights are: `weights/` beside a folder named zoo_configs, else beside the
        config.
        """
        folder = self.path.absolute().parent
        return folder.parent / "weights" if folder.name == "zoo_configs" else folder


def load_config(name: str | Path) -> ZooConfig:
    """The validated config of a zoo name or of a YAML file.

    Raises:
        ConfigError (a ValueError): a bad file. FileNotFoundError: a missing one. UnknownName: a
        name that the zoo does not know.

    Example:
        >>> from sslzoo.zoo import load_config
        >>> load_config("simclr_resnet20.digits").epochs > 1
        True
    """
    return Entry.find(name).config


def info(name: str | Path) -> ModelCard:
    """The `ModelCard` of a zoo entry or config: paper, recipe, data, metrics measured here and
    elsewhere, sha256, size.

    Example:
        >>> import sslzoo
        >>> sslzoo.info("simclr_resnet20.digits").name
        'simclr_resnet20.digits'
    """
    return Entry.find(name).card
