"""Reading and writing `zoo_configs/<name>.yaml`, with errors a person can act on. The keys are in
`schema.py`.
"""

import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from sslzoo.checks.arguments import shown
from sslzoo.errors import nearest
from sslzoo.files import replace_file
from sslzoo.zoo import yaml_text
from sslzoo.zoo.records import WEIGHTS_FILE, Record
from sslzoo.zoo.registry import entry_name
from sslzoo.zoo.schema import ZooConfig
from sslzoo.zoo.yaml_text import ConfigError

RECORD_HEADER = (
    "# Written by `sslzoo train --record`: the next recorded run replaces it, nobody edits it.\n"
)


def read_config(path: str | Path) -> ZooConfig:
    """The validated `ZooConfig` of a YAML file. Raises ConfigError (a ValueError).

    Example:
        >>> from sslzoo.zoo.config import read_config
        >>> from sslzoo.zoo.registry import resolve
        >>> read_config(resolve("simclr_resnet20.digits")).method
        'simclr'
    """
    return parse_config(yaml_text.read_text(path), path)


def parse_config(text: str, source: str | Path = "config") -> ZooConfig:
    """The validated `ZooConfig` of YAML `text`; `source` names it in errors. Raises ConfigError.

    Example:
        >>> from sslzoo.zoo.config import parse_config
        >>> parse_config("seed: zero")  # doctest: +ELLIPSIS +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        ConfigError: config: the key 'method' is missing.
    """
    return validate(yaml_text.parse(text, source), source)


def validate(data: dict, source: str | Path = "config") -> ZooConfig:
    """The `ZooConfig` of a plain mapping, e.g. a config changed by a command line option. Raises
    ConfigError.

    Example:
        >>> from sslzoo.zoo import yaml_text
        >>> from sslzoo.zoo.config import validate
        >>> from sslzoo.zoo.registry import resolve
        >>> validate(yaml_text.read(resolve("simclr_resnet20.digits")) | {"seed": 5}).seed
        5
    """
    return _validated(ZooConfig, data, source)


def checked(keys: BaseModel, source: str | Path) -> Any:
    """A part of a config that was changed by hand, validated again. `source` names it in errors.
    Raises ConfigError.

    Example:
        >>> from sslzoo.zoo.config import checked
        >>> from sslzoo.zoo.strict import Source
        >>> checked(Source.model_construct(name="digits", split=1), "--data")
        Traceback (most recent call last):
        sslzoo.zoo.yaml_text.ConfigError: --data: split: got 1; it must be a valid string (put it \
in quotes: "1").
    """
    return _validated(type(keys), dict(keys), source)


def check_recordable(path: str | Path, published: bool = True) -> None:
    """Refuse a config that a record could not be written to, before the run that would end with it.

    Args:
        published: whether the record will be written to the config; else only to the run.

    Raises:
        ConfigError: the name of the file, which names the weights too; a key below the record; no
            description, paper or licence, which what is published needs.

    Example:
        >>> from sslzoo.zoo.config import check_recordable
        >>> from sslzoo.zoo.registry import resolve
        >>> check_recordable(resolve("simclr_resnet20.digits"))
    """
    name = entry_name(path)
    if "@" in name or not re.fullmatch(WEIGHTS_FILE, f"{name}.weights.h5"):
        raise ConfigError(
            f"{path}: the name is {name!r}; it must be letters, digits, dots, - and _, since it "
            "names the weights too."
        )
    if not published:
        return
    _before_record(yaml_text.read_text(path), path)
    config = read_config(path)
    for key in ("description", "paper", "licence"):
        if not getattr(config, key):
            raise ConfigError(f"{path}: the key {key!r} is missing; what is recorded needs it.")


def dump(config: ZooConfig) -> str:
    """`config` as YAML, in the order of the schema, defaults written out, absent values left
    out.

    Example:
        >>> from sslzoo.zoo.config import dump, parse_config, read_config
        >>> from sslzoo.zoo.registry import resolve
        >>> config = read_config(resolve("simclr_resnet20.digits"))
        >>> parse_config(dump(config)).optimizer == config.optimizer
        True
    """
    return yaml_text.write(config.model_dump(mode="json", exclude_none=True))


def write_record(path: str | Path, record: Any) -> None:
    """Put `record` (a `Record` or a mapping) at the end of the config `path`, replacing the one
    that is there.

    Every byte above the record, comments included, stays as it is. The new text is checked before
    it replaces the old one by an atomic rename.

    Raises:
        ConfigError: a bad record; the old file is then untouched.

    Example:
        >>> import shutil, tempfile
        >>> from sslzoo.zoo.config import read_config, write_record
        >>> from sslzoo.zoo.registry import resolve
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = shutil.copy(resolve("simclr_resnet20.digits"), folder)
        ...     record = read_config(path).record
        ...     write_record(path, record)
        ...     read_config(path).record == record
        True
    """
    replace_file(path, with_record(path, record).encode("utf-8"))


def with_record(path: str | Path, record: Any) -> str:
    """The text that `write_record` writes, checked. Raises ConfigError.

    Example:
        >>> from sslzoo.zoo.config import read_config, with_record
        >>> from sslzoo.zoo.registry import resolve
        >>> path = resolve("simclr_resnet20.digits")
        >>> with_record(path, read_config(path).record).count("record:")
        1
    """
    path = Path(path)
    if not isinstance(record, Record):
        record = _validated(Record, plain(record), f"{path}, record")
    by_hand = _before_record(yaml_text.read_text(path), path)
    if by_hand and not by_hand.endswith("\n"):
        by_hand += "\n"
    block = yaml_text.write({"record": record.model_dump(mode="json", exclude_none=True)})
    text = by_hand + RECORD_HEADER + block
    parse_config(text, path)
    return text


def plain(value: Any) -> Any:
    """`value` with NumPy scalars and arrays turned into Python numbers and lists, tuples into
    lists.

    Example:
        >>> import numpy as np
        >>> from sslzoo.zoo.config import plain
        >>> plain({"accuracy": np.float32(0.5), "shape": (8, 8)})
        {'accuracy': 0.5, 'shape': [8, 8]}
    """
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    return value.tolist() if hasattr(value, "tolist") else value


def _before_record(text: str, path: str | Path) -> str:
    """The part of a config that people write."""
    root = yaml_text.compose(text, path)
    keys = [key for key, _ in root.value] if root else []
    places = [index for index, key in enumerate(keys) if key.value == "record"]
    if not places:
        return text
    if places[0] != len(keys) - 1:
        after = keys[places[0] + 1].value
        raise ConfigError(
            f"{path}: the key {after!r} stands below the record, which must be the last key of "
            "the file."
        )
    lines = text.splitlines(keepends=True)[: keys[-1].start_mark.line]
    if lines and lines[-1].strip() == RECORD_HEADER.strip():
        lines.pop()
    return "".join(lines)


def _validated(model: type[BaseModel], data: Any, source: str | Path) -> Any:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        sentences = [_sentence(entry, data) for entry in _each_value_once(error.errors(), data)]
        raise ConfigError("\n".join(f"{source}: {one}" for one in sentences)) from error


def _each_value_once(errors: list[dict], data: Any) -> list[dict]:
    """Of a value that may be of several types pydantic has an error each: the first is enough."""
    first = {}
    for error in errors:
        place = _key_path(error["loc"], data, missing=error["type"] == "missing")
        first.setdefault((place, error.get("ctx", {}).get("key")), error)
    return list(first.values())


def _sentence(error: dict, data: Any) -> str:
    """One pydantic error as a sentence: the key path, the value that came, what is allowed."""
    sentence = _words(error, data).rstrip(".")
    return sentence if sentence.endswith("?") else f"{sentence}."


def _words(error: dict, data: Any) -> str:
    kind, value = error["type"], error["input"]
    context = error.get("ctx", {})
    key = _key_path(error["loc"], data, missing=kind == "missing")
    if kind == "unknown_key":
        key = ".".join(filter(None, (key, context["key"])))
        return f"unknown key {key!r} (value {shown(context['value'])}), {error['msg']}"
    if kind == "missing":
        return f"the key {key!r} is missing"
    if kind == "union_tag_not_found":
        return f"the key {f'{key}.{_tag(context)}'!r} is missing"
    if kind == "union_tag_invalid":
        tag, tags = context["tag"], context["expected_tags"]
        return f"{key}.{_tag(context)}: got {tag!r}; it must be one of {tags}{_near(tag, tags)}"
    if kind == "literal_error":
        names = context["expected"]
        return f"{key}: got {shown(value)}; it must be one of {names}{_near(value, names)}"
    if kind == "value_error":
        return _reason(key, value, str(context["error"]))
    return f"{key}: got {shown(value)}; it {_allowed(kind, key, value, error['msg'])}"


def _reason(key: str, value: Any, reason: str) -> str:
    """The sentence of an error that the schema itself raises."""
    if not key:
        return reason
    if reason.startswith("must"):
        return f"{key}: got {shown(value)}; it {reason}"
    return f"{key}: {reason}"


def _tag(context: dict) -> str:
    """The key that tells one kind of mapping from another."""
    return context["discriminator"].strip("'")


def _allowed(kind: str, key: str, value: Any, message: str) -> str:
    """What is allowed, from "must" on."""
    if kind == "string_pattern_mismatch" and key.endswith("arxiv"):
        return 'must be an arXiv number such as "2002.05709"'
    if kind in ("model_type", "model_attributes_type"):
        return "must be a mapping of keys"
    allowed = re.sub(r"^\w+ should", "must", message)
    if kind == "string_type" and isinstance(value, (int, float)):
        allowed += f' (put it in quotes: "{value}")'
    return allowed


def _key_path(location: tuple, data: Any, missing: bool) -> str:
    """`optimizer.momentum` or `evaluate[0].k` from pydantic's location, without the tags it adds
    for unions.
    """
    path, last = "", len(location) - 1
    for index, part in enumerate(location):
        if isinstance(part, int):
            path += f"[{part}]"
            data = data[part] if isinstance(data, list) and part < len(data) else None
        elif (isinstance(data, dict) and part in data) or (missing and index == last):
            path += f".{part}" if path else str(part)
            data = data.get(part) if isinstance(data, dict) else None
    return path


def _near(value: Any, choices: str) -> str:
    """A hint at the one of the `choices`, "'a', 'b'", that is spelled like the value."""
    names = [choice.strip("' ") for choice in choices.split(",")]
    near = nearest(value, names, most=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
