"""What `sslzoo tune` searches: ranges and choices of the fields of a config."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sslzoo.checks import refused
from sslzoo.errors import unknown
from sslzoo.zoo import yaml_text
from sslzoo.zoo.changes import VALUE, changed
from sslzoo.zoo.compare import flat
from sslzoo.zoo.schema import TRAINING, ZooConfig

DATA = ("data", "tasks")  # what a search is measured on
DIGITS = 4  # of a number that is drawn
LOG = "log:"
FORM = "be LOW..HIGH, log:LOW..HIGH, or a list of two or more values, such as [128, 256]"


class Range(NamedTuple):
    """Numbers from `low` to `high`, both included: whole ones if both ends are.

    Attributes:
        low, high: The ends.
        log: Whether 0.01 to 0.1 is as likely as 0.1 to 1.

    Example:
        >>> Range(0.01, 1.0, log=True).value(0.123456)
        0.1235
    """

    low: float
    high: float
    log: bool = False

    @property
    def ends(self) -> list:
        """The values that are checked before the search."""
        return [self.low, self.high]

    def declare(self, space: Any, key: str) -> None:
        """Add it to the HyperParameters of keras-tuner."""
        whole = isinstance(self.low, int) and isinstance(self.high, int)
        kind = space.Int if whole else space.Float
        kind(key, self.low, self.high, sampling="log" if self.log else "linear")

    def value(self, drawn: float) -> float:
        """The value of the config: a float with four digits."""
        return drawn if isinstance(drawn, int) else float(f"{drawn:.{DIGITS}g}")


class Choice(NamedTuple):
    """One of several values of any kind.

    Attributes:
        values: Two or more.

    Example:
        >>> Choice([[128, 128], [256, 128]]).value(1)
        [256, 128]
    """

    values: list

    @property
    def ends(self) -> list:
        """The values that are checked before the search: all."""
        return self.values

    def declare(self, space: Any, key: str) -> None:
        """Add it to the HyperParameters of keras-tuner, by the numbers of its values."""
        space.Choice(key, list(range(len(self.values))))

    def value(self, drawn: int) -> Any:
        """The value of the config."""
        return self.values[drawn]


def searches(texts: Iterable[str]) -> dict[str, str]:
    """{key: range} of texts KEY=RANGE.

    Raises:
        ValueError: A text without a key or a range.

    Example:
        >>> searches(["optimizer.learning_rate=log:0.01..1", "batch_size=[128, 256]"])
        {'optimizer.learning_rate': 'log:0.01..1', 'batch_size': '[128, 256]'}
    """
    found = {}
    for text in texts:
        key, _, values = text.partition("=")
        if not key or not values:
            needed = "be KEY=RANGE, such as optimizer.learning_rate=log:0.01..1"
            raise refused("--search", repr(text), needed)
        found[key] = values
    return found


def search_space(config: ZooConfig, search: Mapping[str, Any]) -> dict[str, Range | Choice]:
    """{key: Range or Choice} of {key: text or list}. Every end and every choice is held against the
    config.

    Raises:
        ValueError: Nothing to search, a field that the config cannot have or that says on what it
            is measured, a range that is none, or a value that the config refuses.

    Example:
        >>> import sslzoo
        >>> config = sslzoo.info("simclr_resnet20.digits").config
        >>> search_space(config, {"batch_size": "64..256"})
        {'batch_size': Range(low=64, high=256, log=False)}
    """
    if not search:
        raise refused("--search", "nothing", "name at least one field, as KEY=RANGE")
    spaces = {}
    for key, values in search.items():
        _check_key(config, key)
        spaces[key] = _space(key, values)
        for end in spaces[key].ends:
            changed(config, {key: end}, "--search")
    return spaces


def _check_key(config: ZooConfig, key: str) -> None:
    field = key.split(".")[0]
    if field in TRAINING.difference(DATA):
        return
    if field in ZooConfig.model_fields:
        needed = "be a field of the training, and not of its data, evaluation or description"
        raise refused("--search", key, needed)
    fields = flat(config.model_dump(include=TRAINING.difference(DATA), exclude_none=True))
    raise ValueError(f"--search: {unknown('field', key, fields)}")


def _space(key: str, values: Any) -> Range | Choice:
    if isinstance(values, str) and ".." in values:
        return _range(key, values)
    if isinstance(values, str):
        values = yaml_text.parse(f"{VALUE}: {values}", f"--search {key}")[VALUE]
    several = isinstance(values, list) and len(values) > 1
    if not several or any(value in values[:place] for place, value in enumerate(values)):
        raise refused(f"--search {key}", values, FORM)
    return Choice(values)


def _range(key: str, text: str) -> Range:
    low, _, high = text.removeprefix(LOG).partition("..")
    numbers = [yaml_text.parse(f"{VALUE}: {end}", f"--search {key}")[VALUE] for end in (low, high)]
    if not all(type(number) in (int, float) for number in numbers) or numbers[0] >= numbers[1]:
        raise refused(f"--search {key}", text, "have a number on each side, the lower one first")
    log = text.startswith(LOG)
    if log and numbers[0] <= 0:
        raise refused(f"--search {key}", text, "begin above 0, since it is logarithmic")
    return Range(*numbers, log)
