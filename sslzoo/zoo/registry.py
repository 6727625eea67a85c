"""Names of the zoo: which models there are, found from file names, without importing keras."""

import os
from fnmatch import fnmatchcase
from pathlib import Path

from sslzoo.errors import UnknownName, unknown
from sslzoo.methods import list_methods

PACKAGE = Path(__file__).resolve().parents[1]


def config_folders() -> list[Path]:
    """Folders with zoo entries, first wins: $SSLZOO_CONFIGS, the installed package's, the source
    checkout's.

    Raises:
        ValueError: $SSLZOO_CONFIGS is no folder.

    Example:
        >>> from sslzoo.zoo.registry import config_folders
        >>> config_folders()[-1].name
        'zoo_configs'
    """
    extra = os.environ.get("SSLZOO_CONFIGS")
    folders = [Path(extra).expanduser()] if extra else []
    if extra and not folders[0].is_dir():
        raise ValueError(
            f"SSLZOO_CONFIGS: got {extra!r}; it must be an existing folder of zoo entries (*.yaml)."
        )
    installed, checkout = PACKAGE / "zoo_configs", PACKAGE.parent / "zoo_configs"
    return folders + [installed if installed.is_dir() else checkout]


def _entries() -> dict[str, Path]:
    """{name: path} of every zoo entry; an entry of $SSLZOO_CONFIGS hides the package's of the same
    name.
    """
    entries = {}
    for folder in reversed(config_folders()):
        entries.update({entry_name(path): path for path in folder.glob("*.yaml")})
    return dict(sorted(entries.items()))


def list_models(pattern: str = "*", family: str | None = None) -> list[str]:
    """Names of the zoo's entries, sorted.

    Args:
        pattern: of the shell, such as "*cifar10".
        family: only the models of this method family; None: of all.

    Raises:
        UnknownName: another family.

    Example:
        >>> import sslzoo
        >>> "simclr_resnet20.digits" in sslzoo.list_models("*.digits", family="contrastive")
        True
    """
    names = [name for name in _entries() if fnmatchcase(name, pattern)]
    methods = list_methods(family)
    if family is None:
        return names
    return [name for name in names if any(name.startswith(f"{method}_") for method in methods)]


def entry_name(path: str | Path) -> str:
    """The name of the entry in a YAML file: the file's, without its suffix.

    Example:
        >>> from sslzoo.zoo.registry import entry_name
        >>> entry_name("zoo_configs/simclr_resnet20.digits.yaml")
        'simclr_resnet20.digits'
    """
    return Path(path).name.removesuffix(".yaml").removesuffix(".yml")


def resolve(name: str | Path) -> Path:
    """Path of the YAML file of a zoo entry, or of a config anywhere. Every face and function finds
    configs by this.

    Anything that ends in .yaml or .yml or has a folder in it is a path. All else is a name of
    `list_models()`, which without its tag is the entry marked `default: true`.

    Raises:
        FileNotFoundError: there is no such file. UnknownName (a KeyError and a ValueError): no such
            entry; the error suggests the nearest names.

    Example:
        >>> from sslzoo.zoo import resolve
        >>> resolve("simclr_resnet20.digits").name
        'simclr_resnet20.digits.yaml'
    """
    path = Path(name).expanduser()
    if path.suffix in (".yaml", ".yml") or path.name != str(name):
        if not path.is_file():
            raise FileNotFoundError(f"config: there is no file {name}.")
        return path
    for folder in config_folders():
        if (folder / f"{name}.yaml").is_file():
            return folder / f"{name}.yaml"
    entries = _entries()
    candidates = [entry for entry in entries if entry.split(".")[0] == name]
    if len(candidates) > 1:
        return entries[_default(name, candidates, entries)]
    if not candidates:
        untagged = [entry.split(".")[0] for entry in entries]
        raise UnknownName(unknown("model", name, [*entries, *untagged]))
    return entries[candidates[0]]


def _default(name: str, candidates: list[str], entries: dict[str, Path]) -> str:
    """The one of several entries that is marked as the default of a name without a tag."""
    from sslzoo.zoo import yaml_text

    configs = {entry: yaml_text.read(entries[entry]) for entry in candidates}
    marked = [entry for entry, config in configs.items() if config.get("default") is True]
    if len(marked) != 1:
        raise UnknownName(
            f"Model {name!r} stands for {', '.join(candidates)}, and {len(marked) or 'none'} of "
            "them are marked `default: true`; name one in full."
        )
    return marked[0]
