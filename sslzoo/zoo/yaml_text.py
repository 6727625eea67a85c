"""YAML as the zoo reads and writes it: the safe C loader, no aliases, no duplicate keys, and `5e-4`
is a number.

YAML 1.1 (PyYAML) reads `5e-4` as a string because it has no dot; YAML 1.2 and everybody who writes
a recipe mean a float. The reader and the writer below share one rule, so a commit hash such as
`12345e67` is written in quotes.
"""

import re
from pathlib import Path

import yaml
from yaml import CSafeDumper, CSafeLoader

PLAIN = ("map", "seq", "str", "int", "float", "bool", "null", "timestamp")
PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in PLAIN}
FLOAT_WITHOUT_DOT = re.compile(r"^[-+]?[0-9]+[eE][-+]?[0-9]+$")


class ConfigError(ValueError):
    """A zoo entry that cannot be used: the file, the place, what came and what is allowed."""


class Loader(CSafeLoader):
    """`yaml.CSafeLoader` that reads `5e-4` as a float."""


class Dumper(CSafeDumper):
    """`yaml.CSafeDumper` that quotes a string the loader would read as a float; never writes
    aliases.
    """

    def ignore_aliases(self, data):
        return True


for _kind in (Loader, Dumper):
    _kind.add_implicit_resolver("tag:yaml.org,2002:float", FLOAT_WITHOUT_DOT, list("-+0123456789"))


def parse(text, source):
    """The mapping that `text` holds. `source` names the file in errors.

    Raises ConfigError, one sentence, if the text is no YAML, is no mapping, repeats a key, uses an
    alias, or carries a tag such as `!!python/object` (nothing tagged is ever constructed).
    """
    root = compose(text, source)
    loader = Loader(text)
    try:
        return loader.get_single_data() if root is not None else {}
    except (yaml.YAMLError, ValueError) as error:
        # ValueError: an impossible date such as 2026-13-45
        raise ConfigError(f"{source}: not readable as YAML: {_flat(error)}.") from error
    finally:
        loader.dispose()


def compose(text, source):
    """The checked node tree of `text` (with line numbers), or None for an empty document. Raises as
    `parse`.
    """
    try:
        root = yaml.compose(text, Loader=Loader)
    except yaml.YAMLError as error:
        raise ConfigError(f"{source}: not readable as YAML: {_flat(error)}.") from error
    if root is None:
        return None
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(
            f"{source}: the file holds a {root.id}, a mapping of `key: value` lines is needed."
        )
    _check(root, source, seen=set())
    return root


def write(data):
    """`data` (plain dicts, lists, numbers, strings) as YAML: order kept, innermost collections on
    one line.
    """
    return yaml.dump(
        data, Dumper=Dumper, sort_keys=False, default_flow_style=None, allow_unicode=True, width=120
    )


def read(path):
    """The mapping in the YAML file `path`. Raises FileNotFoundError, or ConfigError as `parse`."""
    return parse(read_text(path), path)


def read_text(path):
    """The text of the UTF-8 file `path`, line ends untouched. Raises ConfigError if it is not
    UTF-8.
    """
    try:
        return Path(path).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not a UTF-8 text file: {error}.") from error


def _check(node, source, seen):
    where = f"{source}, line {node.start_mark.line + 1}"
    if id(node) in seen:
        raise ConfigError(f"{where}: YAML aliases (*name) are not allowed, write the value out.")
    seen.add(id(node))
    if node.tag not in PLAIN_TAGS:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        raise ConfigError(
            f"{where}: the YAML tag {tag} is refused, only plain values are read (no Python "
            "objects)."
        )
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            _check(child, source, seen)
    if isinstance(node, yaml.MappingNode):
        keys = set()
        for key, value in node.value:
            _check(key, source, seen)
            if not isinstance(key, yaml.ScalarNode):
                raise ConfigError(f"{where}: a key is a {key.id}, a plain word is needed.")
            if key.value in keys:
                raise ConfigError(
                    f"{source}, line {key.start_mark.line + 1}: the key {key.value!r} stands twice."
                )
            keys.add(key.value)
            _check(value, source, seen)


def _flat(error):
    return " ".join(str(error).split())
