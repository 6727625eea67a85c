"""What a run is made of, in plain values: a checkpoint belongs to a run of the same."""

import hashlib
import inspect
import json
import types
from typing import Any

import keras

LONGEST = 100  # characters of a value; of a longer one its hash stands here


def identity(cls: type, given: dict[str, Any], optimizer: Any) -> dict[str, Any]:
    """{name: plain value} of the arguments of a method's constructor and of its optimizer.

    Args:
        cls: of the method.
        given: the arguments that are not its defaults.
        optimizer: or None.

    Example:
        >>> import sslzoo
        >>> from sslzoo.methods.contrastive.simclr import SimCLR
        >>> identity(SimCLR, {"temperature": 0.2}, None)["argument temperature"]
        0.2
    """
    parameters = inspect.signature(cls).parameters
    arguments = {key: p.default for key, p in parameters.items() if p.default is not p.empty}
    arguments |= given
    made_of = {f"argument {key}": plain(arguments[key]) for key in arguments if key != "name"}
    return made_of | ({} if optimizer is None else _optimizer(optimizer))


def plain(value: Any) -> Any:
    """A value as JSON holds it, the same in every process; a hash of what is long.

    Example:
        >>> plain(0.5), plain((16, 8))
        (0.5, '[16, 8]')
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, types.FunctionType):
        return f"{value.__module__}.{value.__qualname__}"
    try:
        config = keras.saving.serialize_keras_object(value)
    except (AttributeError, NotImplementedError, TypeError, ValueError):  # a class of the user
        return type(value).__qualname__
    numbers = {}
    _number_names(config, numbers)
    text = json.dumps(_renamed(config, numbers), sort_keys=True, default=_class_name)
    return text if len(text) <= LONGEST else hashlib.sha256(text.encode()).hexdigest()[:16]


def _optimizer(optimizer: Any) -> dict[str, Any]:
    try:
        config = optimizer.get_config()
    except (NotImplementedError, TypeError, ValueError):  # a schedule without a config
        config = {}
    settings = {f"optimizer {key}": plain(config[key]) for key in config if key != "name"}
    return {"optimizer": type(optimizer).__name__, **settings}


def _number_names(config: Any, numbers: dict[str, str]) -> None:
    """Number the names of layers, which Keras counts up within a process."""
    if isinstance(config, dict):
        if isinstance(config.get("name"), str):
            numbers.setdefault(config["name"], f"name {len(numbers)}")
        config = list(config.values())
    if isinstance(config, (list, tuple)):
        for part in config:
            _number_names(part, numbers)


def _renamed(config: Any, numbers: dict[str, str]) -> Any:
    if isinstance(config, dict):
        return {key: _renamed(value, numbers) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return [_renamed(part, numbers) for part in config]
    return numbers.get(config, config) if isinstance(config, str) else config


def _class_name(value: Any) -> str:
    return type(value).__qualname__
