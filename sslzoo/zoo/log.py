"""log.csv of a run directory: one row an epoch, over all lives of the run."""

import csv
from pathlib import Path

from sslzoo.files import replace_file


def forget_epochs(path: Path, epoch: int) -> None:
    """Drop the rows from `epoch` on: the resumed run writes them again.

    Example:
        >>> from pathlib import Path
        >>> from sslzoo.zoo.log import forget_epochs
        >>> forget_epochs(Path("no such file"), 3)
    """
    if not path.exists():
        return
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    kept = [row for row in rows[1:] if row and row[0].isdigit() and int(row[0]) < epoch]
    lines = [",".join(row) + "\n" for row in rows[:1] + kept if row]
    replace_file(path, "".join(lines).encode())


def log_once(path: Path, history: dict[str, list[float]]) -> None:
    """Write the log of what is solved at once: one epoch.

    Example:
        >>> from pathlib import Path
        >>> from sslzoo.zoo.log import log_once
        >>> log_once(Path("runs/mine/log.csv"), {"mmd": [0.5]})  # doctest: +SKIP
    """
    values = ["0", *(str(first) for first, *_ in history.values())]
    lines = [",".join(["epoch", *history]) + "\n", ",".join(values) + "\n"]
    replace_file(path, "".join(lines).encode())


def column(path: Path, name: str) -> list[float] | None:
    """The numbers of a column, one an epoch: [] before there is a log, None where it has no such
    column.

    Example:
        >>> from pathlib import Path
        >>> from sslzoo.zoo.log import column
        >>> column(Path("no such file"), "loss")
        []
    """
    if not path.exists() or not path.stat().st_size:
        return []
    with open(path, newline="") as file:
        rows = csv.DictReader(file)
        return [float(row[name]) for row in rows] if name in rows.fieldnames else None
