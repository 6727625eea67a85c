"""Broken input of every kind, and what the project makes of it; `python -m benchmarks.fuzz`.

A subject is one module beside this file. It has `COUNT`, its usual number of cases, and
`cases(count)`, which gives so many `Case`s, the same ones every time.
"""

import collections
import importlib
import pkgutil
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import sslzoo

REFUSED, HARMLESS = "refused in one sentence", "loaded, equal values"
RAW, SILENT = "raw error", "loaded, other values"
UNSEEN = "loaded, other values that its format cannot tell"
SHORT = 30  # cases that the tests try of a subject
LONGEST = 600  # characters of a sentence
PACKAGE = str(Path(sslzoo.__file__).parent)


class Case(NamedTuple):
    """One broken input.

    Attributes:
        kind: of the damage, in a few words.
        read: reads the input; whether what it gives equals what the undamaged input gives. None
            where it does not, and the format has no checksum by which anyone could tell.
    """

    kind: str
    read: Callable[[], bool | None]


class Marked(Exception):
    """The answer says that an input could not be read, as it should."""


class Outcome(NamedTuple):
    """What became of a case: one of the five words above, and the error if there was one."""

    kind: str
    result: str
    error: str = ""


def outcome(case: Case) -> Outcome:
    """Read the input of a case."""
    try:
        equal = case.read()
    except Marked:
        return Outcome(case.kind, REFUSED)
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        return Outcome(case.kind, REFUSED if is_a_sentence(error) else RAW, text)
    return Outcome(case.kind, {True: HARMLESS, False: SILENT, None: UNSEEN}[equal])


def is_a_sentence(error: Exception) -> bool:
    """Whether an error is one of the project's own: raised in its code, of the kinds that the
    command line shows without their names, on one line of bearable length.
    """
    where = traceback.extract_tb(error.__traceback__)[-1].filename
    kinds = isinstance(error, (ValueError, TypeError, OSError))
    text = str(error)
    one_line = bool(text) and "\n" not in text and len(text) <= LONGEST
    return kinds and one_line and where.startswith(PACKAGE)


def subjects() -> list[str]:
    """Names of the modules beside this file that have cases."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return sorted(name for name in names if not name.startswith("_"))


def subject(name: str) -> Any:
    """The module of a subject."""
    return importlib.import_module(f"{__name__}.{name}")


def outcomes(name: str, count: int | None = None) -> list[Outcome]:
    """What becomes of `count` cases of a subject, by default of its usual number."""
    module = subject(name)
    return [outcome(case) for case in module.cases(count or module.COUNT)]


def table(results: Iterable[Outcome]) -> dict[str, collections.Counter]:
    """{kind of damage: {result: cases}}."""
    counts = collections.defaultdict(collections.Counter)
    for result in results:
        counts[result.kind][result.result] += 1
    return dict(counts)
