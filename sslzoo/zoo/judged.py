"""The config of a trial: trained without a part of the training data, and measured on that part."""

from typing import Any

from sslzoo import data
from sslzoo.checks import in_range, one_of, refused
from sslzoo.data.sources import VALIDATION
from sslzoo.evaluate import protocols
from sslzoo.zoo.config import validate
from sslzoo.zoo.schema import ZooConfig
from sslzoo.zoo.starter import COUNTS
from sslzoo.zoo.strict import Source

OBJECTIVES = ("knn", "linear_probe", "accuracy")


def judged(config: ZooConfig, objective: str, share: float) -> ZooConfig:
    """A config that keeps a share of its labeled training data apart, and whose evaluation is the
    objective on that share. No test data are left in it.

    The labeled data are those of the first evaluation with a role `train`, else the data of the
    training.

    Args:
        config: As it is written.
        objective: "knn", "linear_probe", or "accuracy" for methods that classify.
        share: Of each class, above 0 and below 1.

    Raises:
        ValueError: Another objective, tasks in sequence, no labeled training data, data whose rest
            cannot be told apart, or a method that does not learn from the rest.

    Example:
        >>> import sslzoo
        >>> config = sslzoo.info("simclr_resnet20.digits").config
        >>> judged(config, "knn", 0.2).evaluate[0].test.split
        'train[validation]'
    """
    one_of("--objective", objective, OBJECTIVES)
    in_range("--hold-out", share, 0, 1, low_open=True, high_open=True)
    if config.tasks is not None:
        raise refused("tasks", config.tasks.count, "be left out of a config to tune")
    labeled = _labeled(config)
    rest = labeled.model_copy(update={"validation": share})
    held_out = rest.model_copy(update={"split": labeled.split + VALIDATION})
    roles = {role: held_out if role == "test" else rest for role in protocols.roles(objective)}
    values = config.model_dump(exclude_unset=True, exclude={"evaluate", "record"})
    values["data"] = _without(config, labeled, rest)
    values["hyperparameters"] = config.hyperparameters | _counts(config, labeled, rest)
    sets = {role: source.model_dump(exclude_none=True) for role, source in roles.items()}
    values["evaluate"] = [{"protocol": objective, **sets}]
    return validate(values, "tune")


def _labeled(config: ZooConfig) -> Source:
    """The labeled training data, which are no test data."""
    trains = [getattr(evaluation, "train", None) for evaluation in config.evaluate]
    own = [config.data, config.sources().get("labeled")]
    source = next((one for one in [*trains, *own] if isinstance(one, Source)), None)
    if source is None:
        needed = "hold a protocol with labeled training data, such as knn, for the objective"
        raise refused("evaluate", "none with a role train", needed)
    tests = [getattr(evaluation, "test", None) for evaluation in config.evaluate]
    if source in tests or _whole_split(source) == "test":
        raise refused("split", f"{source.split} of {source.name}", "be training data, to tune on")
    return source


def _whole_split(source: Source) -> str:
    return source.split.partition("[")[0]


def _without(config: ZooConfig, labeled: Source, rest: Source) -> Any:
    """The data of the training without what is held out of the labeled ones."""
    for source in config.sources().values():
        same_rows = (source.name, _whole_split(source)) == (labeled.name, _whole_split(labeled))
        if same_rows and source != labeled:
            needed = f"be those of the evaluation or none of {labeled.name} {_whole_split(labeled)}"
            raise refused("data", f"another part of {source.name} {source.split}", needed)
    sources = {
        role: (rest if source == labeled else source).model_dump(exclude_none=True)
        for role, source in config.sources().items()
    }
    if isinstance(config.data, list):
        return list(sources.values())
    return sources if isinstance(config.data, dict) else sources["train"]


def _counts(config: ZooConfig, labeled: Source, rest: Source) -> dict[str, int]:
    """Hyperparameters that are the number of the training images follow it."""
    counts = [key for key in COUNTS if key in config.hyperparameters]
    if not counts or labeled not in config.sources().values():
        return {}
    size = {"image_size": labeled.image_size or _side(config)}
    whole, part = (
        len(data.load(one.name, one.split, **one.options() | size)) for one in (labeled, rest)
    )
    return {key: part for key in counts if config.hyperparameters[key] == whole}


def _side(config: ZooConfig) -> int | None:
    return max(config.image_size) if isinstance(config.image_size, list) else config.image_size
