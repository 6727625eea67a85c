"""Runs beside each other: the settings that differ, the curves, the figures."""

import csv
from pathlib import Path
from typing import Any, NamedTuple

from sslzoo.zoo.entry import Entry

MARKS = "▁▂▃▄▅▆▇█"
WIDTH = 32  # marks of a curve


class Comparison(NamedTuple):
    """What `compare` returns: {row: one value for each run}.

    Attributes:
        settings: those that differ, under the dotted names that `--set` takes.
        curves: the logged values of each epoch, [] for a run without them.
        metrics: the evaluation records of each run.

    Example:
        >>> Comparison({"epochs": [1, 2]}, {}, []).settings
        {'epochs': [1, 2]}
    """

    settings: dict[str, list]
    curves: dict[str, list]
    metrics: list[list[dict]]


def compare(names: list[str | Path]) -> Comparison:
    """Compare runs, or entries of the zoo.

    Args:
        names: folders of runs, configs with a run in `runs/`, or entries.

    Raises:
        ValueError: fewer than two.

    Example:
        >>> models = ["simclr_resnet20.digits", "simclr_resnet20.cifar10"]
        >>> compare(models).settings["data.name"]
        ['digits', 'cifar10']
    """
    if len(names) < 2:
        raise ValueError(f"compare: got {len(names)}; it must be at least two runs.")
    entries = [Entry.find(name).with_run() for name in names]
    configs = [flat(entry.config.model_dump(exclude={"record", "reference"})) for entry in entries]
    keys = dict.fromkeys(key for config in configs for key in config)
    rows = {key: [config.get(key) for config in configs] for key in keys}
    settings = {key: row for key, row in rows.items() if any(v != row[0] for v in row)}
    logs = [curves_of(entry.run) for entry in entries]
    columns = dict.fromkeys(column for log in logs for column in log)
    curves = {column: [log.get(column, []) for log in logs] for column in columns}
    return Comparison(settings, curves, [entry.card.metrics for entry in entries])


def sparkline(values: list[float], low: float, high: float) -> str:
    """A curve in at most 32 characters, from `low` to `high`.

    Example:
        >>> sparkline([0.0, 0.5, 1.0], 0.0, 1.0)
        '▁▅█'
    """
    step = max(1, -(-len(values) // WIDTH))
    marks = values[step - 1 :: step]
    scale = (len(MARKS) - 1) / (high - low) if high > low else 0
    return "".join(MARKS[int((value - low) * scale + 0.5)] for value in marks)


def curves_of(run: Path | None) -> dict[str, list[float]]:
    """{column: values} of a run's log.csv; none without one.

    Example:
        >>> curves_of(None)
        {}
    """
    path = run / "log.csv" if run else None
    if path is None or not path.is_file():
        return {}
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    names = [key for key in (rows[0] if rows else {}) if key != "epoch"]
    columns = {key: [_number(row[key]) for row in rows] for key in names}
    return {key: [v for v in values if v is not None] for key, values in columns.items()}


def flat(values: Any, prefix: str = "") -> dict[str, Any]:
    """{dotted key: value} of nested mappings and lists of mappings.

    Example:
        >>> flat({"data": {"name": "digits"}, "epochs": 3})
        {'data.name': 'digits', 'epochs': 3}
    """
    if isinstance(values, list) and values and isinstance(values[0], dict):
        values = {str(index): value for index, value in enumerate(values)}
    if not isinstance(values, dict):
        return {prefix: values}
    leaves = {}
    for key, value in values.items():
        leaves |= flat(value, f"{prefix}.{key}" if prefix else key)
    return leaves


def _number(text: str | None) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None
