"""Single values of a config changed, as `--set KEY=VALUE` asks for it."""

from collections.abc import Iterable, Mapping
from typing import Any

from sslzoo.checks import refused
from sslzoo.zoo import yaml_text
from sslzoo.zoo.config import validate
from sslzoo.zoo.schema import ZooConfig

VALUE = "value"  # the key under which the text of a setting is read as YAML


def settings(texts: Iterable[str]) -> dict[str, Any]:
    """{key: value} of texts KEY=VALUE; each value is YAML.

    Raises:
        ValueError: a text without a key or a value.

    Example:
        >>> settings(["epochs=5", "augment.blur=0.5", "data=photos"])
        {'epochs': 5, 'augment.blur': 0.5, 'data': 'photos'}
    """
    found = {}
    for text in texts:
        key, _, value = text.partition("=")
        if not key or "=" not in text:
            raise refused("--set", repr(text), "be KEY=VALUE, such as epochs=5")
        found[key] = yaml_text.parse(f"{VALUE}: {value}", f"--set {key}")[VALUE]
    return found


def changed(config: ZooConfig, changes: Mapping[str, Any], source: str = "--set") -> ZooConfig:
    """A config with other values, validated. A key names a field, or a field of a field:
    `augment.blur`, `data.split`, `evaluate.0.k`. `data` may be the name of a data set alone.
    A schedule that does not fit into fewer `epochs` shrinks in proportion.

    Raises:
        ConfigError: an unknown key or an impossible value.

    Example:
        >>> import sslzoo
        >>> config = sslzoo.info("simclr_resnet20.digits").config
        >>> changed(config, {"epochs": 50, "optimizer.learning_rate": 0.1}).epochs
        50
    """
    values = config.model_dump(exclude_unset=True)
    for key, value in changes.items():
        if key == "data" and isinstance(value, str):
            key = "data.name"
        *path, last = key.split(".")
        place = values
        for part in path:
            place = _inside(place, part)
        if isinstance(place, list):
            last = _index(place, last)
        place[last] = value
    if "epochs" in changes and not any(key.startswith("schedule") for key in changes):
        _shrink_schedule(config, values)
    return validate(values, source)


def merged(config: ZooConfig, changes: Mapping[str, Any]) -> ZooConfig:
    """A config with other fields; hyperparameters are merged with its own.

    Example:
        >>> import sslzoo
        >>> config = sslzoo.info("simclr_resnet20.digits").config
        >>> merged(config, {"hyperparameters": {"temperature": 0.1}}).hyperparameters["temperature"]
        0.1
    """
    changes = dict(changes)
    if "hyperparameters" in changes:
        changes["hyperparameters"] = {**config.hyperparameters, **changes["hyperparameters"]}
    return ZooConfig.model_validate(config.model_dump(exclude_unset=True) | changes)


def _shrink_schedule(config: ZooConfig, values: dict) -> None:
    """Keep the warm-up and the milestones of `config` inside fewer epochs."""
    schedule, epochs = config.schedule, values["epochs"]
    last = max(schedule.warmup_epochs, *schedule.milestones, 0)
    is_number = isinstance(epochs, int) and not isinstance(epochs, bool)
    if not config.epochs or not is_number or not 0 < epochs <= last:
        return
    share = epochs / config.epochs
    if schedule.warmup_epochs:
        values["schedule"]["warmup_epochs"] = schedule.warmup_epochs * share
    if schedule.milestones:
        values["schedule"]["milestones"] = [mark * share for mark in schedule.milestones]


def _inside(place: Any, part: str) -> Any:
    """The mapping or list under one part of a key; made where there is none."""
    if isinstance(place, list):
        return place[_index(place, part)]
    if part == "augment" and isinstance(place.get(part), str):
        place[part] = {"preset": place[part]}
    if not isinstance(place.get(part), (dict, list)):
        place[part] = {}
    return place[part]


def _index(place: list, part: str) -> int:
    if not part.isdecimal() or int(part) >= len(place):
        raise refused("--set", repr(part), f"be a number below {len(place)}, the values of a list")
    return int(part)
