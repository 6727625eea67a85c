"""Which entries of the zoo have a property, from their YAML alone; verbs alone need keras."""

from collections.abc import Callable
from typing import Any

from sslzoo.errors import UnknownName, unknown


def having(configs: dict[str, dict], wanted: dict[str, Any]) -> list[str]:
    """The entries that have all wanted properties.

    Args:
        configs: {name: keys of the entry} of all entries.
        wanted: {"data", "image_size", "verb" or "licence": value}. None means any.

    Raises:
        UnknownName: no entry has the value.

    Example:
        >>> having({"a": {"licence": "MIT"}, "b": {"licence": "Apache-2.0"}}, {"licence": "MIT"})
        ['a']
    """
    names = list(configs)
    for key, value in wanted.items():
        if value is None:
            continue
        value = tuple(value) if isinstance(value, list) else value
        values = {name: _PROPERTIES[key](config) for name, config in configs.items()}
        known = set().union(*values.values())
        if value not in known:
            raise UnknownName(unknown(key, value, known))
        names = [name for name in names if value in values[name]]
    return names


def _data(config: dict) -> set[str]:
    data = config["data"]
    if isinstance(data, list):  # sets that are mixed
        return {source["name"] for source in data}
    sources = [data] if isinstance(data.get("name"), str) else data.values()
    return {source["name"] for source in sources}


def _sizes(config: dict) -> set:
    size = config.get("image_size")
    if size is None:
        return set()
    return {tuple(size) if isinstance(size, list) else size}


def _verbs(config: dict) -> set[str]:
    from sslzoo.zoo.interface import verbs_of

    return set(verbs_of(config["method"], config.get("hyperparameters") or {}))


def _licences(config: dict) -> set[str]:
    return {config["licence"]} if config.get("licence") else set()


_PROPERTIES: dict[str, Callable[[dict], set]] = {
    "data": _data,
    "image_size": _sizes,
    "verb": _verbs,
    "licence": _licences,
}
