"""The names of the zoo. File names are enough to find them, so that keras is not imported."""

import functools
import os
import re
import warnings
from fnmatch import fnmatchcase
from pathlib import Path

from sslzoo.errors import UnknownName, unknown
from sslzoo.methods import list_methods
from sslzoo.notices import notice

RUN_CONFIG = "config.yaml"  # of a run, in its folder
FOLDER_DESCRIPTION = "sslzoo.json"  # of a model that `sslzoo.save` wrote, in its folder
_NAME = re.compile(r"[\w.@+-]+")  # needs no check of its place
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
    folders = [Path(os.path.expanduser(extra))] if extra else []
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
        newest = [path for path in folder.glob("*.yaml") if "@" not in path.name]
        entries.update({entry_name(path): path for path in newest})
    return dict(sorted(entries.items()))


def former_versions(path: Path) -> list[Path]:
    """The configs of the former versions of an entry, the first one first: `NAME@v1.yaml`, ...

    >>> former_versions(resolve("simclr_resnet20.digits"))
    []
    """
    versions = path.parent.glob(f"{entry_name(path)}@v*.yaml")
    return sorted(versions, key=lambda version: (len(version.name), version.name))


def list_models(
    pattern: str = "*",
    family: str | None = None,
    *,
    data: str | None = None,
    image_size: int | tuple[int, int] | None = None,
    verb: str | None = None,
    licence: str | None = None,
    at_hand: bool = False,
) -> list[str]:
    """The names of all entries of the zoo, sorted. Former versions are not among them.

    Args:
        pattern: A shell pattern, such as "*cifar10".
        family: A family of methods. None: all families.
        data: The data set that a model was trained on, such as "cifar10".
        image_size: The side of its images in pixels, or (height, width).
        verb: What it computes, such as "classify". This imports keras.
        licence: The licence of its weights.
        at_hand: Whether to list only models whose weights are on this machine.

    Raises:
        UnknownName: There is no such family, or no entry has such a value. ConfigError: A config is
            not valid YAML.

    Example:
        >>> import sslzoo
        >>> "simclr_resnet20.digits" in sslzoo.list_models("*.digits", family="contrastive")
        True
        >>> sslzoo.list_models(verb="upscale")
        ['srgan_x4.t91', 'srresnet_x4.fast_srgan', 'srresnet_x4.t91']
    """
    entries, methods = _entries(), list_methods(family)
    names = [name for name in entries if fnmatchcase(name, pattern)]
    wanted = {"data": data, "image_size": image_size, "verb": verb, "licence": licence}
    if not (family or at_hand or any(value is not None for value in wanted.values())):
        return names
    from sslzoo.zoo.filters import having
    from sslzoo.zoo.places import is_at_hand

    configs = {name: _config(path) for name, path in entries.items()}
    if family is not None:
        names = [name for name in names if configs[name].get("method") in methods]
    if at_hand:
        names = [name for name in names if is_at_hand(configs[name], entries[name])]
    kept = set(having(configs, wanted))
    return [name for name in names if name in kept]


def entry_name(path: str | Path) -> str:
    """The name of the entry in a YAML file: the file's, without its suffix.

    Example:
        >>> from sslzoo.zoo.registry import entry_name
        >>> entry_name("zoo_configs/simclr_resnet20.digits.yaml")
        'simclr_resnet20.digits'
    """
    return Path(path).name.removesuffix(".yaml").removesuffix(".yml")


def resolve(name: str | Path) -> Path:
    """Path of the YAML file of a zoo entry, of a config anywhere, or of a run. Every face and
    function finds configs by this.

    Anything that ends in .yaml or .yml or has a folder in it is a path: of a config, or of the
    folder of a run. All else is a name of `list_models()`, which without its tag is the entry
    marked `default: true`; or it is a run's folder. `NAME@v1` is the first version of an entry. A
    former name, one of the `aliases` of an entry, gives a FutureWarning.

    Raises:
        FileNotFoundError: there is no such file. UnknownName (a KeyError and a ValueError): no such
            entry; the error suggests the nearest names.

    Example:
        >>> from sslzoo.zoo import resolve
        >>> resolve("simclr_resnet20.digits").name
        'simclr_resnet20.digits.yaml'
    """
    path = _place(name)
    of_run = path / RUN_CONFIG
    if path.suffix in (".yaml", ".yml") or path.name != str(name):
        return _of_path(path, name)
    named = _named(str(name))
    if named is not None:
        return named
    if of_run.is_file():
        return of_run
    entries = _entries()
    untagged = [entry.split(".")[0] for entry in entries]
    raise UnknownName(unknown("model", name, [*entries, *untagged]))


def _named(name: str) -> Path | None:
    """The config of the entry that has a name, or a version of it."""
    for folder in config_folders():
        if (folder / f"{name}.yaml").is_file():
            return folder / f"{name}.yaml"
    base, _, version = name.partition("@")
    if version:
        return _of_version(resolve(base), version)
    entries = _entries()
    entry = _entry(name, entries)
    return None if entry is None else entries[entry]


def _of_path(path: Path, name: str | Path) -> Path:
    """The config that is a file, or that of a run's folder."""
    of_run = path / RUN_CONFIG
    if path.is_dir() and not of_run.is_file():
        raise FileNotFoundError(f"config: {name} is a folder without a {RUN_CONFIG} of a run.")
    if path.is_dir():
        return of_run
    if not path.is_file():
        raise FileNotFoundError(f"config: there is no file {name}.")
    return path


def is_remote(name: object) -> bool:
    """Whether a name is the address of a saved model on the Hub or on a web server.

    Example:
        >>> is_remote("hf://ann/mine"), is_remote("mine")
        (True, False)
    """
    return isinstance(name, str) and name.startswith(("hf://", "https://", "http://"))


def saved_kind(name: str | Path) -> str | None:
    """What a user saved: "model" for a `.keras` file, "weights" for a `.weights.h5` file, "export"
    for the folder of one, "folder" for one that `sslzoo.save` wrote, "remote" for one elsewhere;
    None: a name, a config or a run. An entry comes before a folder here that has its name.

    Example:
        >>> from sslzoo.zoo.registry import saved_kind
        >>> saved_kind("mine.keras"), saved_kind("simclr_resnet20")
        ('model', None)
    """
    if is_remote(name):
        return "remote"
    path = _place(name)
    if path.name.endswith(".keras"):
        return "model"
    if path.name.endswith(".weights.h5"):
        return "weights"
    kind = _kind_of_folder(path)
    if kind is not None and isinstance(name, str) and _is_entry(name):
        _say_that_the_entry_is_meant(name)
        return None
    return kind


def _kind_of_folder(path: Path) -> str | None:
    if (path / FOLDER_DESCRIPTION).is_file():
        return "folder"
    exported = [path / "saved_model.pb", *path.glob("*/saved_model.pb")] if path.is_dir() else []
    return "export" if any(file.is_file() for file in exported) else None


def _is_entry(name: str) -> bool:
    """Whether a text is a name of the zoo, and no path."""
    try:
        return _NAME.fullmatch(name) is not None and _named(name) is not None
    except UnknownName:
        return False


@functools.cache  # once for each name
def _say_that_the_entry_is_meant(name: str) -> None:
    notice(f"{name}: the entry of the zoo is used; the folder of that name here is ./{name}.")


def _place(name):
    if isinstance(name, str) and _NAME.fullmatch(name):
        return Path(name)
    from sslzoo.checks import local_path  # it imports numpy, which lists of names do without

    return local_path("model", name)


def _of_version(path: Path, version: str) -> Path:
    """The config of a version of an entry. The newest has no number in its file's name."""
    former = former_versions(path)
    paths = {file.stem.rpartition("@")[2]: file for file in former}
    paths[f"v{len(former) + 1}"] = path
    if version not in paths:
        raise UnknownName(unknown(f"version of {entry_name(path)}", version, paths))
    return paths[version]


def _entry(name: str, entries: dict[str, Path]) -> str | None:
    """The entry of a name without a tag, or of a former name, which gives a warning."""
    candidates = [entry for entry in entries if entry.split(".")[0] == name]
    if len(candidates) > 1:
        return _default(name, candidates, entries)
    if candidates:
        return candidates[0]
    renamed = next((entry for entry, path in entries.items() if name in _aliases(path)), None)
    if renamed is not None:
        text = f"The model {name} is now {renamed}; the old name will be removed."
        warnings.warn(text, FutureWarning, stacklevel=4)
    return renamed


def _aliases(path: Path) -> list:
    return _config(path).get("aliases") or []


def _config(path: Path) -> dict:
    """The keys of an entry, not validated."""
    from sslzoo.zoo import yaml_text

    return yaml_text.read(path)


def _default(name: str, candidates: list[str], entries: dict[str, Path]) -> str:
    """The one of several entries that is marked as the default of a name without a tag."""
    configs = {entry: _config(entries[entry]) for entry in candidates}
    marked = [entry for entry, config in configs.items() if config.get("default") is True]
    if len(marked) != 1:
        raise UnknownName(
            f"Model {name!r} stands for {', '.join(candidates)}, and {len(marked) or 'none'} of "
            "them are marked `default: true`; name one in full."
        )
    return marked[0]
