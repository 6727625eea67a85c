"""Names of the zoo: which models there are, found from file names, without importing keras."""

import os
from fnmatch import fnmatchcase
from pathlib import Path

from sslzoo.errors import UnknownName, unknown
from sslzoo.methods import list_methods

PACKAGE = Path(__file__).resolve().parents[1]


def config_folders():
    """Folders with zoo entries, first wins: $SSLZOO_CONFIGS, the installed package's, the source
    checkout's.
    """
    extra = os.environ.get("SSLZOO_CONFIGS")
    folders = [Path(extra).expanduser()] if extra else []
    if extra and not folders[0].is_dir():
        raise ValueError(
            f"SSLZOO_CONFIGS is {extra!r}, an existing folder of zoo entries (*.yaml) is needed."
        )
    installed, checkout = PACKAGE / "zoo_configs", PACKAGE.parent / "zoo_configs"
    return folders + [installed if installed.is_dir() else checkout]


def _entries():
    """{name: path} of every zoo entry; an entry of $SSLZOO_CONFIGS hides the package's of the same
    name.
    """
    found = {}
    for folder in reversed(config_folders()):
        found.update({entry_name(path): path for path in folder.glob("*.yaml")})
    return dict(sorted(found.items()))


def list_models(pattern="*", family=None):
    """Names of the zoo's entries, sorted, that match a shell pattern ("*cifar10"), of one method
    family if given.
    """
    methods = list_methods(family)
    return [
        name
        for name in _entries()
        if fnmatchcase(name, pattern)
        and (family is None or any(name.startswith(f"{method}_") for method in methods))
    ]


def entry_name(path):
    """The name of the entry in a YAML file: the file's, without its suffix."""
    return Path(path).name.removesuffix(".yaml").removesuffix(".yml")


def resolve(name):
    """Path of the YAML file of a zoo entry, or of a config anywhere. Every face and function finds
    configs by this.

    Anything that ends in .yaml or .yml or has a folder in it is a path; all else is a name of
    `list_models()`, which
    without its tag is the entry marked `default: true`.
    Raises FileNotFoundError, or UnknownName (a KeyError and a ValueError) with the nearest names.
    """
    path = Path(name).expanduser()
    if path.suffix in (".yaml", ".yml") or path.name != str(name):
        if not path.is_file():
            raise FileNotFoundError(f"config: there is no file {name}.")
        return path
    entries = _entries()
    if name in entries:
        return entries[name]
    candidates = [entry for entry in entries if entry.split(".")[0] == name]
    if len(candidates) > 1:
        from sslzoo.zoo import yaml_text

        marked = [
            entry for entry in candidates if yaml_text.read(entries[entry]).get("default") is True
        ]
        if len(marked) != 1:
            raise UnknownName(
                f"Model {name!r} stands for {', '.join(candidates)}, and "
                f"{len(marked) or 'none'} of them are marked "
                "`default: true`; name one in full."
            )
        candidates = marked
    if not candidates:
        raise UnknownName(
            unknown("model", name, [*entries, *(entry.split(".")[0] for entry in entries)])
        )
    return entries[candidates[0]]
