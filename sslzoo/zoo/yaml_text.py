"""YAML as the zoo reads and writes it: the safe C loader, no aliases, no duplicate keys, and plain
values that every version of YAML reads alike.

PyYAML reads YAML 1.1, to which `5e-4` and `1.5e3` are strings, `010` is 8, `1:30` is 90, and `off`
is false. Floats are read as YAML 1.2 and everybody who writes a recipe reads them. All else that
the two versions read differently is refused. The reader and the writer below share the rule for
floats, so a commit hash such as `12345e67` is written in quotes.
"""

import re
from pathlib import Path
from typing import Any

import yaml
from yaml import CSafeDumper, CSafeLoader

PLAIN = ("map", "seq", "str", "int", "float", "bool", "null", "timestamp")
PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in PLAIN}
TEXT = (yaml.ScalarNode, "tag:yaml.org,2002:str")
MAPPING = (yaml.MappingNode, "tag:yaml.org,2002:map")
SEQUENCE = (yaml.SequenceNode, "tag:yaml.org,2002:seq")
DEEPEST = 32  # levels of a config
# styles of a scalar that is text whatever it says: in quotes, or a block
QUOTED = ("'", '"', "|", ">")
FLOAT = re.compile(
    r"^[-+]?(?:(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)$"
)
# What YAML 1.2 reads a plain text as. An integer that begins with 0 is refused too.
PLAIN_TEXT = (
    ("int", re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+")),
    ("float", re.compile(FLOAT.pattern + r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")),
    ("bool", re.compile("true|True|TRUE|false|False|FALSE")),
    ("null", re.compile("~|null|Null|NULL|")),
    ("an integer", re.compile("[-+]?[0-9]+|0o[0-7]+")),
)


class ConfigError(ValueError):
    """A zoo entry that cannot be used: the file, the place, what came and what is allowed.

    Example:
        >>> from sslzoo.zoo import yaml_text
        >>> try:
        ...     yaml_text.parse("seed: 0\\nseed: 1", "mine.yaml")
        ... except yaml_text.ConfigError as error:
        ...     print(error)
        mine.yaml, line 2: the key 'seed' stands twice.
    """


class Loader(CSafeLoader):
    """`yaml.CSafeLoader` that reads `5e-4` and `1.5e3` as floats.

    Example:
        >>> import yaml
        >>> from sslzoo.zoo.yaml_text import Loader
        >>> yaml.load("decay: 5e-4", Loader)
        {'decay': 0.0005}
    """


class Dumper(CSafeDumper):
    """`yaml.CSafeDumper` that quotes a string the loader would read as a float; never writes
    aliases.

    Example:
        >>> import yaml
        >>> from sslzoo.zoo.yaml_text import Dumper
        >>> yaml.dump({"commit": "12345e67"}, Dumper=Dumper)
        "commit: '12345e67'\\n"
    """

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _kind in (Loader, Dumper):
    _kind.add_implicit_resolver("tag:yaml.org,2002:float", FLOAT, list("-+.0123456789"))


def parse(text: str, source: str | Path) -> dict:
    """The mapping that `text` holds. `source` names the file in errors.

    Raises:
        ConfigError: in one sentence, if the text is no YAML, is no mapping, repeats a key, uses an
            alias, carries a tag such as `!!python/object` (nothing tagged is ever constructed), or
            holds a value that versions of YAML read differently.

    Example:
        >>> from sslzoo.zoo import yaml_text
        >>> yaml_text.parse("{name: sgd, learning_rate: 1e-3}", "mine.yaml")
        {'name': 'sgd', 'learning_rate': 0.001}
    """
    root = compose(text, source)
    loader = Loader("")
    try:
        return _value(root, loader) if root is not None else {}
    except (yaml.YAMLError, ValueError) as error:
        # ValueError: an integer of more than 4,300 digits
        raise ConfigError(f"{source}: not readable as YAML: {_flat(error)}.") from error
    finally:
        loader.dispose()


def compose(text: str, source: str | Path) -> yaml.MappingNode | None:
    """The checked node tree of `text` (with line numbers), or None for an empty document. Raises as
    `parse`.

    Example:
        >>> from sslzoo.zoo import yaml_text
        >>> [(key, value)] = yaml_text.compose("seed: 0", "mine.yaml").value
        >>> key.value, key.start_mark.line
        ('seed', 0)
    """
    try:
        root = yaml.compose(text, Loader=Loader)
    except yaml.YAMLError as error:
        raise ConfigError(f"{source}: not readable as YAML: {_flat(error)}.") from error
    except RecursionError as error:
        raise _too_deep(source) from error
    if root is None:
        return None
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(
            f"{source}: got a {root.id}; the file must be a mapping of `key: value` lines."
        )
    _check(root, source, seen=set())
    return root


def write(data: dict) -> str:
    """`data` (plain dicts, lists, numbers, strings) as YAML: order kept, innermost collections on
    one line.

    Example:
        >>> from sslzoo.zoo import yaml_text
        >>> print(yaml_text.write({"seed": 0, "data": {"name": "digits"}}), end="")
        seed: 0
        data: {name: digits}
    """
    return yaml.dump(
        data, Dumper=Dumper, sort_keys=False, default_flow_style=None, allow_unicode=True, width=120
    )


def read(path: str | Path) -> dict:
    """The mapping in the YAML file `path`. Raises FileNotFoundError, or ConfigError as `parse`.

    Example:
        >>> from sslzoo.zoo import yaml_text
        >>> from sslzoo.zoo.registry import resolve
        >>> yaml_text.read(resolve("simclr_resnet20.digits"))["method"]
        'simclr'
    """
    return parse(read_text(path), path)


def read_text(path: str | Path) -> str:
    """The text of the UTF-8 file `path`, line ends untouched. Raises ConfigError if it is not
    UTF-8.

    Example:
        >>> from sslzoo.zoo import yaml_text
        >>> from sslzoo.zoo.registry import resolve
        >>> "method: simclr" in yaml_text.read_text(resolve("simclr_resnet20.digits"))
        True
    """
    try:
        return Path(path).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not a UTF-8 text file: {error}.") from error


def _value(node: yaml.Node, loader: Loader) -> Any:
    """The plain value of a checked node. The text is read once: this is what makes a list of the
    whole zoo quick.
    """
    form = (type(node), node.tag)
    if form == TEXT:
        return node.value
    if form == MAPPING:
        return {_value(key, loader): _value(value, loader) for key, value in node.value}
    if form == SEQUENCE:
        return [_value(child, loader) for child in node.value]
    return loader.construct_object(node, deep=True)


def _check(node: yaml.Node, source: str | Path, seen: set, depth: int = 0) -> None:
    """Refuse aliases, tags and repeated keys. `seen`: ids of the nodes so far."""
    if depth > DEEPEST:
        raise _too_deep(source)
    if id(node) in seen:
        raise ConfigError(
            f"{_place(node, source)}: YAML aliases (*name) are not allowed, write the value out."
        )
    seen.add(id(node))
    if node.tag not in PLAIN_TAGS:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        raise ConfigError(
            f"{_place(node, source)}: the YAML tag {tag} is refused, only plain values are read "
            "(no Python objects)."
        )
    if isinstance(node, yaml.ScalarNode):
        _check_scalar(node, source)
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            _check(child, source, seen, depth + 1)
    if isinstance(node, yaml.MappingNode):
        _check_mapping(node, source, seen, depth + 1)


def _check_mapping(node: yaml.MappingNode, source: str | Path, seen: set, depth: int) -> None:
    keys = set()
    for key, value in node.value:
        _check(key, source, seen, depth)
        if not isinstance(key, yaml.ScalarNode):
            raise ConfigError(
                f"{_place(key, source)}: got a {key.id} as a key; it must be a plain word."
            )
        if key.value in keys:
            raise ConfigError(f"{_place(key, source)}: the key {key.value!r} stands twice.")
        keys.add(key.value)
        _check(value, source, seen, depth)


def _check_scalar(node: yaml.ScalarNode, source: str | Path) -> None:
    """Refuse a plain text that YAML 1.1, which the loader reads, and YAML 1.2 take for different
    things.
    """
    text, kind = node.value, node.tag.rsplit(":", 1)[-1]
    forms = () if node.style in QUOTED else PLAIN_TEXT
    other = next((name for name, form in forms if form.fullmatch(text)), "str")
    if kind != other:
        raise ConfigError(
            f"{_place(node, source)}: got {text}, which versions of YAML read differently; it must "
            "be a plain number such as 10, true or false, or text in quotes."
        )


def _too_deep(source: str | Path) -> ConfigError:
    return ConfigError(f"{source}: not readable as YAML: its values are nested too deeply.")


def _place(node: yaml.Node, source: str | Path) -> str:
    return f"{source}, line {node.start_mark.line + 1}"


def _flat(error: Exception) -> str:
    return " ".join(str(error).split())
