"""Figures that are measured after a run, and added to its record."""

from pathlib import Path
from typing import Any

from sslzoo.zoo.config import ConfigError, read_config, write_record
from sslzoo.zoo.registry import resolve


def check_has_record(name: str | Path, what: str) -> None:
    """Refuse an entry without a record, before hours of work. Raises ConfigError.

    Example:
        >>> check_has_record("simclr_resnet20.digits", "the table")
    """
    path = resolve(name)
    if read_config(path).record is None:
        raise ConfigError(f"{path}: has no record; --record adds {what} to the record of a run.")


def add_to_record(name: str | Path, **figures: Any) -> None:
    """Write figures into the record of an entry, and leave all else as it is.

    Raises:
        ConfigError: there is no record, or a figure is not what a record may hold.

    Example:
        >>> add_to_record("simclr_resnet20.digits", speed=figures)  # doctest: +SKIP
    """
    check_has_record(name, " and ".join(figures))
    path = resolve(name)
    record = read_config(path).record.model_dump(mode="json", exclude_none=True)
    write_record(path, record | figures)
