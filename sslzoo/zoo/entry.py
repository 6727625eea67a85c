"""One entry of the zoo, found by its name or path."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path

from sslzoo.checks import local_path
from sslzoo.errors import UnknownName
from sslzoo.zoo.card import ModelCard
from sslzoo.zoo.config import read_config, validate
from sslzoo.zoo.folder_card import FolderCard
from sslzoo.zoo.places import weights_folder
from sslzoo.zoo.registry import RUN_CONFIG, entry_name, resolve, saved_kind
from sslzoo.zoo.remote import remote_card
from sslzoo.zoo.schema import ZooConfig
from sslzoo.zoo.yaml_text import ConfigError


@dataclass(frozen=True)
class Entry:
    """An entry of the zoo, a config anywhere, or a run.

    Attributes:
        name: Name of the file, without its suffix. A run has the name of its weights or folder.
        path: Path of the YAML file.
        run: Folder of the run whose weights it has, where no record has been published.

    Example:
        >>> from sslzoo.zoo.entry import Entry
        >>> Entry.find("simclr_resnet20.digits").config.method
        'simclr'
    """

    name: str
    path: Path
    run: Path | None = None

    @classmethod
    def find(cls, name: str | Path) -> "Entry":
        """The entry of a name or a path, as `sslzoo.zoo.resolve` finds it."""
        path = resolve(name)
        if path.name == RUN_CONFIG and (path.parent / "run.json").is_file():
            return cls(_name_of_run(path.parent), path, path.parent)
        return cls(entry_name(path), path)

    def with_run(self) -> "Entry":
        """The entry's own run in `runs/<name>`, if it has no published weights and has one."""
        folder = Path("runs") / self.name
        if self.run or self.config.record or not (folder / "run.json").is_file():
            return self
        other = Entry.find(folder / RUN_CONFIG)
        differs = self.config.differing(other.config)
        if differs:
            raise ValueError(
                f"{self.path}: {folder} holds a run of another config ({', '.join(differs)} "
                f"differ); train this one, or name the run: {folder}."
            )
        return other

    @functools.cached_property
    def config(self) -> ZooConfig:
        """The validated config. Raises ConfigError."""
        config = read_config(self.path)
        _refuse_circle(self.path, config, (self.path.resolve(),))
        record = self.run / "record.json" if self.run else None
        if record is None or not record.is_file():
            return config
        values = config.model_dump(exclude_unset=True) | {"record": _read_record(record)}
        return validate(values, record)

    @property
    def card(self) -> ModelCard:
        """What a person wants to know about the entry."""
        return ModelCard(self.name, self.config)

    @property
    def weights_folder(self) -> Path:
        """Where its weights are: `weights/` beside a folder named zoo_configs, else beside the
        config.
        """
        return weights_folder(self.path)


def _name_of_run(folder: Path) -> str:
    record = folder / "record.json"
    if not record.is_file():
        return folder.absolute().name
    return str(_read_record(record)["weights"]["file"]).removesuffix(".weights.h5")


def _read_record(path: Path) -> dict:
    """The record that a run ended with. Raises ConfigError."""
    try:
        record = json.loads(path.read_text())
    except ValueError as error:
        raise ConfigError(f"{path}: not readable as JSON: {error}.") from error
    if not isinstance(record, dict) or not isinstance(record.get("weights"), dict):
        raise ConfigError(f"{path}: the key 'weights' is missing; `sslzoo train` writes it again.")
    return record


def _refuse_circle(path: Path, config: ZooConfig, chain: tuple[Path, ...]) -> None:
    """ConfigError where an entry takes a network from itself, directly or by way of others."""
    for key, name in config.references().items():
        if not isinstance(name, str):
            raise ConfigError(f"{path}: {key}: got {name!r}; it must be the name of an entry.")
        try:
            other = resolve(name)
        except (UnknownName, FileNotFoundError) as error:
            raise ConfigError(f"{path}: {key}: {error}") from error
        if other.resolve() in chain:
            raise ConfigError(
                f"{path}: {key}: got {name!r}; it must be an entry that does not need this one."
            )
        _refuse_circle(other, read_config(other), (*chain, other.resolve()))


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


def info(name: str | Path) -> ModelCard | FolderCard:
    """The card of an entry or config: paper, recipe, data, figures, and weights. Of a folder that
    `sslzoo.save` wrote it is the `FolderCard`.

    Example:
        >>> import sslzoo
        >>> sslzoo.info("simclr_resnet20.digits").name
        'simclr_resnet20.digits'
    """
    kind = saved_kind(name)
    if kind == "remote":
        return remote_card(name)
    if kind == "folder":
        return FolderCard.read(local_path("model", name))
    return Entry.find(name).with_run().card
