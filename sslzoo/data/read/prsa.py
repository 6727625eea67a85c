"""Air quality of twelve stations in Beijing, hourly, March 2013 to February 2017 (PRSA_Data, UCI;
Zhang et al. 2017).

A data set is one station, as AdaRNN uses it (Du et al. 2021, arXiv:2108.04443, section 4.2).
"""

import csv
import datetime
import os
import pathlib

import numpy as np

from sslzoo.checks import refused
from sslzoo.data.dataset import Dataset
from sslzoo.data.read import check_split

SUFFIXES = (".csv",)
FEATURES = ("PM2.5", "PM10", "SO2", "NO2", "CO", "O3")  # README of the official code
HOURS = 24  # of a window
# First and last day of the windows of each split (official code, dataset/data_process.py).
SPLITS = {
    "test": ("2016-11-02", "2017-02-28"),
    "train": ("2013-03-01", "2016-06-30"),
    "validation": ("2016-07-02", "2016-10-30"),
}


def reads(path: pathlib.Path) -> bool:
    """Whether the path is FOLDER/STATION, with a file PRSA_Data_STATION_*.csv in the folder.

    >>> reads(pathlib.Path("beijing_air/Nowhere"))
    False
    """
    return path.suffix != ".csv" and _file(path) is not None


def names(folder: pathlib.Path) -> list[str]:
    """The stations in a folder.

    >>> names(pathlib.Path("nowhere"))
    []
    """
    return sorted(path.name.split("_")[2] for path in folder.glob("PRSA_Data_*_*.csv"))


def splits(path: str | os.PathLike) -> list[str]:
    """The splits of every station.

    >>> splits("beijing_air/Dongsi")
    ['test', 'train', 'validation']
    """
    return sorted(SPLITS)


def load(
    path: str | os.PathLike,
    split: str = "train",
    image_size: int | None = None,
    on_error: str = "raise",
) -> Dataset:
    """Days of 24 hours, and the PM2.5 of the hour that follows each.

    The file that the official code reads is offline. Known are: one window a day, the dates of the
    splits, six features scaled to 0..1 (its README), the PM2.5 of the next day as the target (issue
    292 of jindongwang/transferlearning). Here that is the first hour of the next day. Then the last
    value of a window is as far from the target as the paper's forecasts are, 0.03 at Dongsi; the
    mean of the next day would be at 0.12.

    - Scaling: (x - minimum) / (maximum - minimum) of the training span. Later values may exceed 1.
      The target is scaled as PM2.5 is.
    - Missing values: the last one known; before the first, the mean of the training span. No window
      sees the future. The official code fills in averages.
    - Days whose next hour is missing are left out.

    Args:
        path: FOLDER/STATION, such as "beijing_air/Dongsi", or the CSV file itself.
        split: "train" (2013-03-01 to 2016-06-30), "validation" (2016-07-02 to 2016-10-30) or "test"
            (2016-11-02 to 2017-02-28).
        image_size, on_error: Not used.

    Returns:
        A Dataset of `series` (N, 24, 6) and `targets` (N,), float32, in the order of time. Features
        are those of `FEATURES`.

    Raises:
        ValueError: no such file, split or column; hours that do not follow one another.

    >>> load("beijing_air/Dongsi", "test").series.shape  # doctest: +SKIP
    (117, 24, 6)
    """
    file = _file(pathlib.Path(path))
    if file is None:
        raise refused("data", str(path), "be FOLDER/STATION beside PRSA_Data_STATION_*.csv")
    check_split(path, split, splits(path))
    start, values = _table(file)
    if start.hour or _day(start, SPLITS["train"][0]) < 0:
        needed = f"begin at 00:00 of a day, {SPLITS['train'][0]} at the latest"
        raise refused(str(file), f"{start} as its first hour", needed)
    days = {name: [_day(start, date) for date in dates] for name, dates in SPLITS.items()}
    if len(values) < days["test"][1] * HOURS:
        raise refused(str(file), f"{len(values)} hours", f"reach to {SPLITS['test'][1]}")
    first, last = days["train"]
    scaled = _scaled(values, values[first * HOURS : (last + 1) * HOURS])
    filled = _filled(scaled, np.nanmean(scaled[first * HOURS : (last + 1) * HOURS], axis=0))
    first, last = days[split]
    begin = np.arange(first, last + 1) * HOURS
    begin = begin[begin + HOURS < len(values)]
    begin = begin[~np.isnan(scaled[begin + HOURS, 0])]
    series = filled[begin[:, None] + np.arange(HOURS)].astype("float32")  # (N, 24, 6)
    targets = scaled[begin + HOURS, 0].astype("float32")  # (N,)
    station = file.name.split("_")[2]
    return Dataset(series=series, targets=targets, name=f"beijing_air/{station}", split=split)


def _file(path):
    """The CSV file that a path means, or None."""
    if path.suffix == ".csv":
        return path if path.is_file() else None
    files = sorted(path.parent.glob(f"PRSA_Data_{path.name}_*.csv")) if path.name else []
    return files[0] if files else None


def _table(file):
    """(time of the first hour, values (hours, 6) with NaN for missing ones)."""
    with open(file, encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        columns = ("year", "month", "day", "hour", *FEATURES)
        missing = [column for column in columns if column not in (rows.fieldnames or [])]
        if missing:
            raise refused(str(file), f"no column {missing[0]!r}", f"have {', '.join(columns)}")
        table = [[row[column] for column in columns] for row in rows]
    if not table:
        raise refused(str(file), "no rows", "have at least one")
    times = [datetime.datetime(*map(int, row[:4])) for row in table]
    hour = datetime.timedelta(hours=1)
    for earlier, later in zip(times, times[1:], strict=False):
        if later - earlier != hour:
            raise refused(str(file), f"{later} after {earlier}", "have every hour once, in order")
    values = [[np.nan if cell == "NA" else float(cell) for cell in row[4:]] for row in table]
    return times[0], np.array(values)


def _day(start, date):
    """The number of a day, from the first hour on."""
    return (datetime.datetime.fromisoformat(date) - start).days


def _scaled(values, span):
    """Values (hours, 6) in units of the range that they have in a span of time."""
    low, high = np.nanmin(span, axis=0), np.nanmax(span, axis=0)
    return (values - low) / np.where(high > low, high - low, 1.0)


def _filled(values, before):
    """Missing values replaced by the last one known; `before`: what was known at the beginning."""
    known = np.concatenate([before[None], values])
    rows = np.where(np.isnan(known), 0, np.arange(len(known))[:, None])
    return np.take_along_axis(known, np.maximum.accumulate(rows, axis=0), axis=0)[1:]
