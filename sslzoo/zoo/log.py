"""log.csv of a run directory: one row an epoch, over all lives of the run."""

import csv
import io
from pathlib import Path
from typing import Any

import keras

from sslzoo.files import read_own, replace_file

MOST_EPOCHS = 50  # of a curve in a record, which people read past
NOTHING = ("", "NA")  # NA: in the logs of earlier versions


class EpochLog(keras.callbacks.Callback):
    """Adds a row to a log after each epoch. Columns that hold nothing are left out.

    Args:
        path: of the .csv file, which may hold the epochs of earlier lives.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     log = EpochLog(Path(folder, "log.csv"))
        ...     log.on_epoch_end(0, {"loss": 0.5})
        ...     column(log.path, "loss")
        [0.5]
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        rows = []
        if self.path.exists():
            with open(self.path, newline="") as file:
                rows = list(csv.DictReader(file))
        values = {key: float(value) for key, value in sorted((logs or {}).items())}
        rows.append({"epoch": epoch, **values})
        held = [key for row in rows for key, value in row.items() if key and value not in NOTHING]
        text = io.StringIO(newline="")
        columns = list(dict.fromkeys(held))
        writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        replace_file(self.path, text.getvalue().encode())


def forget_epochs(path: Path, epoch: int) -> None:
    """Drop the rows from `epoch` on: the resumed run writes them again.

    Example:
        >>> from pathlib import Path
        >>> from sslzoo.zoo.log import forget_epochs
        >>> forget_epochs(Path("no such file"), 3)
    """
    if not path.exists():
        return

    def read():
        with open(path, newline="") as file:
            return list(csv.reader(file))

    rows = read_own(path, read, "log of a run")
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

    def read():
        with open(path, newline="") as file:
            rows = csv.DictReader(file)
            if name not in rows.fieldnames:
                return None
            return [float(row[name]) for row in rows if row[name] not in NOTHING]

    return read_own(path, read, "log of a run")


def curves(path: Path) -> dict[str, list[float]]:
    """What a log says of training, for a record: {"epoch": [1, ...], column: [values]}.

    Of more than 50 epochs, 50 are kept: the first, the last, and others evenly between. Columns
    that lack an epoch or never change are left out. {} where nothing is left.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     log = EpochLog(Path(folder, "log.csv"))
        ...     log.on_epoch_end(0, {"loss": 0.5, "seed": 1})
        ...     log.on_epoch_end(1, {"loss": 1 / 3, "seed": 1})
        ...     curves(log.path)
        {'epoch': [1, 2], 'loss': [0.5, 0.3333]}
    """
    if not column(path, "epoch"):
        return {}
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    steps = min(len(rows), MOST_EPOCHS) - 1
    kept = [rows[round(place * (len(rows) - 1) / max(steps, 1))] for place in range(steps + 1)]
    names = [name for name in rows[0] if all(row[name] not in NOTHING for row in rows)]
    values = {name: [float(f"{float(row[name]):.4g}") for row in kept] for name in names}
    changing = {name: each for name, each in values.items() if len(set(each)) > 1}
    epochs = changing.pop("epoch", None)
    return {"epoch": [int(epoch) + 1 for epoch in epochs]} | changing if changing else {}
