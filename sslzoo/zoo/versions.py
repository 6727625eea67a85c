"""Weights that were published are never overwritten: the next ones are `NAME@v2.weights.h5`."""

import json
from pathlib import Path

from sslzoo.files import make_folder, read_own, replace_file
from sslzoo.zoo.config import read_config, with_record
from sslzoo.zoo.entry import Entry
from sslzoo.zoo.registry import former_versions
from sslzoo.zoo.yaml_text import ConfigError


def published_file(entry: Entry, run: Path) -> str:
    """Name of the weights file that a run publishes.

    A config in a folder named `zoo_configs` is published. Before its weights may change, its
    former version lies beside it: a copy of the config as it was recorded, `NAME@v1.yaml`.

    Raises:
        ConfigError: it does not lie there, and the run is not the one that was recorded.

    Example:
        >>> entry = Entry.find("simclr_resnet20.digits")
        >>> published_file(entry, Path("other"))  # doctest: +ELLIPSIS +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        sslzoo.zoo.yaml_text.ConfigError: ...
    """
    record, former = entry.config.record, former_versions(entry.path)
    if former and record is None:  # the next version, whose config is new
        return f"{entry.name}@v{len(former) + 1}.weights.h5"
    if not _is_published(entry):
        return f"{entry.name}.weights.h5"
    if record.weights.sha256 == _sha256_of_run(run / "record.json"):
        return record.weights.file
    if former and _sha256_of(former[-1]) == record.weights.sha256:
        return f"{entry.name}@v{len(former) + 1}.weights.h5"
    raise _refusal(entry)


def publish(entry: Entry, record: dict, weights_path: Path, file: str) -> None:
    """Put the record into the config and the weights beside the others, as `file`.

    Killed between these two, the config names weights that are no longer there: `load` refuses and
    says what to do.

    Raises:
        ConfigError: published weights would be overwritten, or the record is bad.

    Example:
        >>> publish(entry, record, Path("runs/mine/mine.weights.h5"), file)  # doctest: +SKIP
    """
    before, weights = entry.config.record, record["weights"] | {"file": file}
    changes = _is_published(entry) and before.weights.sha256 != weights["sha256"]
    if changes and before.weights.file == file:
        raise _refusal(entry)
    text = with_record(entry.path, record | {"weights": weights})
    make_folder(entry.weights_folder)
    replace_file(entry.weights_folder / file, weights_path.read_bytes())
    replace_file(entry.path, text.encode())


def _is_published(entry: Entry) -> bool:
    in_the_zoo = entry.path.absolute().parent.name == "zoo_configs"
    return in_the_zoo and entry.config.record is not None


def _refusal(entry: Entry) -> ConfigError:
    number = len(former_versions(entry.path)) + 1
    return ConfigError(
        f"{entry.path}: its weights are published; copy the config as it was recorded to "
        f"{entry.name}@v{number}.yaml first, so that the new weights become version {number + 1}."
    )


def _sha256_of(path: Path) -> str | None:
    record = read_config(path).record
    return None if record is None else record.weights.sha256


def _sha256_of_run(path: Path) -> str | None:
    if not path.is_file():
        return None
    return read_own(path, lambda: json.loads(path.read_text())["weights"]["sha256"], "record")
