"""The folders of exports: versions 1, 2, ... in the folder of a model."""

import json
from pathlib import Path

from sslzoo.checks import refused


def newest(path: Path) -> Path:
    """The newest version in the folder of an export, or the version that is given.

    Raises:
        FileNotFoundError: no such folder. ValueError: no version in it.

    Example:
        >>> from sslzoo.serving.folders import newest
        >>> newest(Path("nowhere"))
        Traceback (most recent call last):
        FileNotFoundError: path: there is no folder nowhere.
    """
    if not path.is_dir():
        raise FileNotFoundError(f"path: there is no folder {path}.")
    if is_saved_model(path) or (path / "sslzoo.json").exists():
        return path
    numbers = [int(folder.name) for folder in path.iterdir() if folder.name.isdecimal()]
    if not numbers:
        raise refused("path", str(path), "be the folder of an export, with versions 1, 2, ...")
    return path / str(max(numbers))


def is_saved_model(version: Path) -> bool:
    """Whether a version is a SavedModel.

    Example:
        >>> from sslzoo.serving.folders import is_saved_model
        >>> is_saved_model(Path("no folder"))
        False
    """
    return (version / "saved_model.pb").exists()


def files(version: Path) -> dict[str, dict]:
    """What `sslzoo.json` says of the files of another format.

    Raises:
        ValueError: the version is no export of another format.

    Example:
        >>> from sslzoo.serving.folders import files
        >>> files(Path("digits/1"))["model.onnx"]["verb"]  # doctest: +SKIP
        'encode'
    """
    place = version / "sslzoo.json"
    described = json.loads(place.read_text()) if place.is_file() else {}
    if "files" not in described:
        raise refused("path", str(version), "be an export of sslzoo")
    return described["files"]
