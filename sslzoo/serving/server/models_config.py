"""TensorFlow Serving's `models.config`: several models of one server, in protobuf's text format."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sslzoo.checks import refused
from sslzoo.serving.server.versions import Settings

TOKEN = re.compile(r"""\s+|\#[^\n]*|(?P<word>[\w.+-]+|"[^"\n]*"|'[^'\n]*'|[:{},;\[\]<>])""")


def read_config(path: Path) -> list[Settings]:
    """The models of a `models.config`.

    It reads `model_config_list` with `name`, `base_path`, `model_version_policy` (`latest`, `all`,
    `specific`) and `version_labels`. `model_platform` must be "tensorflow".

    Raises:
        ValueError: no such file of text, or another field, named with its line. OSError.

    Example:
        >>> import tempfile
        >>> from sslzoo.serving.server.models_config import read_config
        >>> text = 'model_config_list { config { name: "digits" base_path: "/models/digits" } }'
        >>> with tempfile.NamedTemporaryFile("w", suffix=".config") as file:
        ...     _ = file.write(text), file.flush()
        ...     read_config(file.name)[0].name
        'digits'
    """
    path = Path(path)
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        raise refused("models.config", f"{path}, which is no text", "be a text file") from None
    message = _Parser(text, path).message()
    _only(message, {"model_config_list"}, path)
    models = [config for entry in message.get("model_config_list", []) for config in _list(entry)]
    if not models:
        raise refused("models.config", f"{path} without a config", "have a model_config_list")
    try:
        settings = [_settings(model, path) for model in models]
    except (AttributeError, KeyError, IndexError, TypeError):
        needed = "have the fields of TensorFlow Serving's model_server_config.proto"
        raise refused("models.config", f"a value of another kind in {path}", needed) from None
    names = [model.name for model in settings]
    if len(set(names)) < len(names):
        raise refused("models.config", f"a name twice in {path}", "give each model its own name")
    return settings


def _list(entry: Any) -> list:
    return entry.get("config", []) if isinstance(entry, dict) else []


def _settings(model: dict, path: Path) -> Settings:
    known = {"name", "base_path", "model_platform", "model_version_policy", "version_labels"}
    _only(model, known, path)
    for field in ("name", "base_path"):
        if not isinstance(model.get(field, [None])[0], str):
            raise refused("models.config", f"a config without {field} in {path}", "have one")
    platform = model.get("model_platform", ["tensorflow"])[0]
    if platform != "tensorflow":
        raise refused("model_platform", f"{platform!r}", 'be "tensorflow"')
    labels = {label["key"][0]: label["value"][0] for label in model.get("version_labels", [])}
    folder = Path(model["base_path"][0])
    policy = model.get("model_version_policy", [{}])[0]
    _only(policy, {"latest", "all", "specific"}, path)
    if "specific" in policy:
        only = tuple(policy["specific"][0]["versions"])
        return Settings(model["name"][0], folder, only=only, labels=labels)
    if "all" in policy:
        return Settings(model["name"][0], folder, count=None, labels=labels)
    count = policy.get("latest", [{}])[0].get("num_versions", [1])[0]
    return Settings(model["name"][0], folder, count=count, labels=labels)


def _only(message: dict, known: set[str], path: Path) -> None:
    for field in message:
        if field not in known:
            raise refused("models.config", f"the field {field} in {path}", f"be of {sorted(known)}")


class _Parser:
    """Protobuf's text format -> {field: [values]}: texts, integers and messages."""

    def __init__(self, text: str, path: Path) -> None:
        self.path = path
        self.tokens = list(self._tokens(text))
        self.place = 0

    def _tokens(self, text: str) -> Iterator[tuple[str, int]]:
        place = 0
        while place < len(text):
            line = text.count("\n", 0, place) + 1
            found = TOKEN.match(text, place)
            if not found:
                raise self._error(f"the character {text[place]!r}", line)
            if found["word"]:
                yield found["word"], line
            place = found.end()

    def _error(self, got: str, line: int) -> ValueError:
        return refused("models.config", f"{got} in line {line} of {self.path}", "be text format")

    def _next(self) -> tuple[str, int]:
        if self.place == len(self.tokens):
            last = self.tokens[-1][1] if self.tokens else 1
            raise self._error("an end too early", last)
        self.place += 1
        return self.tokens[self.place - 1]

    def _peek(self) -> str | None:
        return self.tokens[self.place][0] if self.place < len(self.tokens) else None

    def message(self, closing: str | None = None) -> dict:
        fields = {}
        while self._peek() != closing:
            name, line = self._next()
            if not name.isidentifier():
                raise self._error(f"{name!r}", line)
            if self._peek() == ":":
                self._next()
            fields.setdefault(name, []).extend(self._values())
            if self._peek() in (",", ";"):
                self._next()
        if closing:
            self._next()
        return fields

    def _values(self) -> list:
        if self._peek() != "[":
            return [self._value()]
        self._next()
        values = []
        while self._peek() != "]":
            values.append(self._value())
            if self._peek() == ",":
                self._next()
        self._next()
        return values

    def _value(self) -> Any:
        word, line = self._next()
        if word == "{":
            return self.message("}")
        if word[0] in "\"'":
            return word[1:-1]
        if word.lstrip("-").isdecimal():
            return int(word)
        raise self._error(f"{word!r}", line)
