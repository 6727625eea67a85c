"""Configs of the zoo with one value, key, line or character changed."""

import functools
import itertools
import re

import numpy as np
import yaml

from benchmarks.fuzz import Case
from benchmarks.fuzz._bytes import words
from sslzoo import nn
from sslzoo.zoo import yaml_text
from sslzoo.zoo.build import from_config
from sslzoo.zoo.config import parse_config
from sslzoo.zoo.registry import list_models, resolve
from sslzoo.zoo.schema import Backbone
from sslzoo.zoo.yaml_text import ConfigError

COUNT = 672
# What replaces a value: what YAML 1.1 and 1.2 read differently, other types, other ranges.
VALUES = (
    *("010", "1:30", "1_000", "0o17", "yes", "2026-11-22", ".nan", ".inf", "-1", "0", "1.5e0"),
    *('"x"', "[]", "{}", "~", "true"),
)


def cases(count):
    """The kinds of change in turn, each on the next config."""
    changes = [(f"a value becomes {value}", functools.partial(_value, value)) for value in VALUES]
    changes += [(words(change).strip(), change) for change in STRUCTURE]
    texts = [yaml_text.read_text(resolve(name)) for name in list_models()]
    for number, (kind, change) in zip(range(count), itertools.cycle(changes), strict=False):
        text, key = change(texts[number % len(texts)], np.random.default_rng(number))
        yield Case(kind, functools.partial(_equal, text, key))


def _equal(text, key):
    """Whether the config means what its text says; what a change reaches is built as well."""
    try:
        config = parse_config(text)
    except ConfigError as error:  # each mistake is one line
        first = ConfigError(str(error).splitlines()[0])
        raise first.with_traceback(error.__traceback__) from None
    if key == "backbone" and config.backbone is not None:
        nn.backbone(config.backbone.name, config.image_size, **config.backbone.options())
    if key in ("hyperparameters", "augment"):
        _build_small(config)
    meant = config.model_dump()
    leaves = _leaves(yaml.compose(text, Loader=yaml.CSafeLoader))
    return all(_says(node, _at(meant, path)) for path, node in leaves)


def _build_small(config):
    """The constructor is the same with the small network of the tests."""
    if config.backbone is not None and config.backbone.name.startswith(("resnet", "wrn")):
        small = {"backbone": Backbone(name="micro"), "image_size": 8}
        config = config.model_copy(update=small)
    from_config(config, pretrained=False)


def _leaves(node, path=()):
    """(path, scalar) of a tree."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _leaves(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _leaves(value, (*path, index))
    else:
        yield path, node


def _at(values, path):
    for part in path:
        values = values[part]
    return values["name"] if path == ("backbone",) and isinstance(values, dict) else values


def _says(node, value):
    """Whether a person reads `value` in a scalar: decimal numbers, true and false, or text."""
    if value is None:
        return node.value in ("", "~", "null")
    if isinstance(value, bool):
        return node.value.lower() == str(value).lower()
    if isinstance(value, (int, float)):
        return float(node.value.replace(".inf", "inf").replace(".nan", "nan")) == value
    return node.value == value


def _value(new, text, rng):
    """One value of the part that people write."""
    places = [place for place in _leaves(yaml_text.compose(text, "")) if place[0][0] != "record"]
    path, node = places[rng.integers(len(places))]
    return text[: node.start_mark.index] + new + text[node.end_mark.index :], path[0]


def _lines(text, rng):
    lines = text.splitlines(keepends=True)
    return lines, int(rng.integers(len(lines)))


def _key_of(lines, row):
    """The top-level key that a line belongs to."""
    heads = [re.match(r"\w+", line) for line in lines[: row + 1]]
    return next((head.group() for head in reversed(heads) if head), "")


def _a_line_is_gone(text, rng):
    lines, row = _lines(text, rng)
    return "".join(lines[:row] + lines[row + 1 :]), _key_of(lines, row)


def _a_line_stands_twice(text, rng):
    lines, row = _lines(text, rng)
    return "".join(lines[: row + 1] + lines[row:]), _key_of(lines, row)


def _a_line_moves_to_the_right(text, rng):
    lines, row = _lines(text, rng)
    lines[row] = "  " + lines[row]
    return "".join(lines), _key_of(lines, row)


def _the_end_is_cut_off(text, rng):
    return text[: rng.integers(len(text))], "hyperparameters"


def _a_character_is_another(text, rng):
    place = int(rng.integers(len(text)))
    new = chr(rng.integers(9, 127))
    row = text[:place].count("\n")
    return text[:place] + new + text[place + 1 :], _key_of(text.splitlines(), row)


def _a_character_is_gone(text, rng):
    place = int(rng.integers(len(text)))
    row = text[:place].count("\n")
    return text[:place] + text[place + 1 :], _key_of(text.splitlines(), row)


def _an_alias_stands_for_a_value(text, rng):
    return f"default: &a true\n{_value('*a', text, rng)[0]}", ""


def _a_python_object_stands_for_a_value(text, rng):
    return _value("!!python/name:os.system ''", text, rng)


STRUCTURE = (
    _a_line_is_gone,
    _a_line_stands_twice,
    _a_line_moves_to_the_right,
    _the_end_is_cut_off,
    _a_character_is_another,
    _a_character_is_gone,
    _an_alias_stands_for_a_value,
    _a_python_object_stands_for_a_value,
)
