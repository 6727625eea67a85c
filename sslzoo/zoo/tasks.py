"""The bounds of a method that learns tasks in sequence."""

from pathlib import Path
from typing import Any

from sslzoo import evaluate
from sslzoo.data import TaskStream
from sslzoo.zoo.build import from_config
from sslzoo.zoo.schema import ZooConfig


def add_bounds(
    record: dict, config: ZooConfig, stream: TaskStream, folder: Path, settings: dict[str, Any]
) -> None:
    """Put the bounds into the baselines of a record of `sslzoo.evaluate.incremental`.

    They are the same network with the same recipe, "naive" on one task after the other and "joint"
    on all tasks at once, in the class-incremental scenario and, with "_task" behind the name, in
    the task-incremental one.

    Args:
        record: is changed.
        config: of the method.
        stream: the tasks.
        folder: of the runs, which the same call resumes.
        settings: of `sslzoo.evaluate.incremental`.

    Example:
        >>> from sslzoo.zoo.tasks import add_bounds
        >>> add_bounds(record, config, stream, "runs/mine", {"epochs": 1})  # doctest: +SKIP
        >>> record["baselines"]["joint"]  # doctest: +SKIP
        0.97
    """
    hyperparameters = {"classes": config.hyperparameters["classes"]}
    bound = config.model_copy(update={"method": "naive", "hyperparameters": hyperparameters})
    for name in ("naive", "joint"):
        if name == config.method:
            continue
        bounds = evaluate.incremental(
            from_config(bound),
            stream,
            joint=name == "joint",
            checkpoint=folder / name,
            **settings,
        )
        record["baselines"][name] = bounds["accuracy"]
        record["baselines"][f"{name}_task"] = bounds["task"]["average_accuracy"]
