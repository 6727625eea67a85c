"""Reading and writing `zoo_configs/<name>.yaml`, with errors a person can act on. The keys are in
`schema.py`.
"""

import difflib
import re
from pathlib import Path

from pydantic import ValidationError

from sslzoo.files import replace_file
from sslzoo.zoo import yaml_text
from sslzoo.zoo.registry import entry_name
from sslzoo.zoo.schema import WEIGHTS_FILE, Record, ZooConfig
from sslzoo.zoo.yaml_text import ConfigError

RECORD_HEADER = (
    "# Written by `sslzoo train --record`: the next recorded run replaces it, nobody edits it.\n"
)


def read_config(path):
    """The validated `ZooConfig` of a YAML file. Raises ConfigError (a ValueError).

    Example:
        >>> from sslzoo.zoo.config import read_config
        >>> from sslzoo.zoo.registry import resolve
        >>> read_config(resolve("simclr_resnet20.digits")).method
        'simclr'
    """
    return parse_config(yaml_text.read_text(path), path)


def parse_config(text, source="config"):
    """The validated `ZooConfig` of YAML `text`; `source` names it in errors. Raises ConfigError."""
    return validate(yaml_text.parse(text, source), source)


def validate(data, source="config"):
    """The `ZooConfig` of a plain mapping, e.g. a config changed by a command line option. Raises
    ConfigError.
    """
    return _validated(ZooConfig, data, source)


def check_recordable(path):
    """Refuse a config that a record could not be written to, before the run that would end with it.

    Raises ConfigError: the name of the file, which names the weights too, or a key below the
    record.
    """
    name = entry_name(path)
    if not re.fullmatch(WEIGHTS_FILE, f"{name}.weights.h5"):
        raise ConfigError(
            f"{path}: the name is {name!r}, letters, digits, dots, - and _ are needed: it "
            "names the weights too."
        )
    _before_record(yaml_text.read_text(path), path)


def dump(config):
    """`config` as YAML, in the order of the schema, defaults written out, absent values left
    out.
    """
    return yaml_text.write(config.model_dump(mode="json", exclude_none=True))


def write_record(path, record):
    """Put `record` (a `Record` or a mapping) at the end of the config `path`, replacing the one
    that is there.

    Every byte above the record, comments included, stays as it is. The new text is checked before
    it replaces the old one by an atomic rename. Raises ConfigError; the old file is then untouched.
    """
    replace_file(path, with_record(path, record).encode("utf-8"))


def with_record(path, record):
    """The text that `write_record` writes, checked. Raises ConfigError."""
    path = Path(path)
    record = (
        record
        if isinstance(record, Record)
        else _validated(Record, plain(record), f"{path}, record")
    )
    by_hand = _before_record(yaml_text.read_text(path), path)
    block = yaml_text.write({"record": record.model_dump(mode="json", exclude_none=True)})
    text = by_hand + ("" if by_hand.endswith("\n") or not by_hand else "\n") + RECORD_HEADER + block
    parse_config(text, path)
    return text


def plain(value):
    """`value` with NumPy scalars and arrays turned into Python numbers and lists, tuples into
    lists.
    """
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    return value.tolist() if hasattr(value, "tolist") else value


def _before_record(text, path):
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


def _validated(model, data, source):
    try:
        return model.model_validate(data)
    except ValidationError as error:
        sentences = [_sentence(entry, data).rstrip(".") for entry in error.errors()]
        ends = ["" if sentence.endswith("?") else "." for sentence in sentences]
        raise ConfigError(
            "\n".join(f"{source}: {s}{end}" for s, end in zip(sentences, ends, strict=True))
        ) from error


def _sentence(error, data):
    """One pydantic error as a sentence: the key path, the value that came, what is allowed."""
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    key = _key_path(error["loc"], data, missing=kind == "missing")
    if kind == "unknown_key":
        key = ".".join(filter(None, (key, context["key"])))
        return f"unknown key {key!r} (value {_short(context['value'])}), {error['msg']}"
    if kind == "missing":
        return f"the key {key!r} is missing"
    if kind == "union_tag_not_found":
        return f"the key {key + '.' + context['discriminator'].strip(chr(39))!r} is missing"
    if kind == "union_tag_invalid":
        key = f"{key}.{context['discriminator'].strip(chr(39))}"
        return f"{key} is {context['tag']!r}, must be one of {context['expected_tags']}" + _near(
            context["tag"], context["expected_tags"]
        )
    if kind == "literal_error":
        return f"{key} is {_short(value)}, must be one of {context['expected']}" + _near(
            value, context["expected"]
        )
    if kind == "value_error":
        reason = str(context["error"])
        return (
            f"{key} is {_short(value)}: {reason}"
            if key and not isinstance(value, dict)
            else _join(key, reason)
        )
    allowed = error["msg"].replace("Input should be", "must be").replace("String should", "must")
    if kind == "string_type" and isinstance(value, (int, float)):
        allowed += f' (put it in quotes: "{value}")'
    if kind == "string_pattern_mismatch" and key.endswith("arxiv"):
        allowed = 'must be an arXiv number such as "2002.05709"'
    if kind in ("model_type", "model_attributes_type"):
        allowed = "must be a mapping of keys"
    return f"{key} is {_short(value)}, {allowed}"


def _key_path(location, data, missing):
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


def _near(value, choices):
    near = difflib.get_close_matches(
        str(value), [choice.strip("' ") for choice in choices.split(",")], n=1
    )
    return f" (did you mean {near[0]!r}?)" if near else ""


def _join(key, reason):
    return f"{key}: {reason}" if key else reason


def _short(value):
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
