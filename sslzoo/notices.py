"""Notices: what a long call says while it works, by Python's `logging`.

They are shown on stderr, until the program configures logging itself:
`logging.getLogger("sslzoo").setLevel("WARNING")` silences them, and all progress with them.
"""

import contextlib
import logging
import sys
from collections.abc import Iterator


class _Shown(logging.Handler):
    """Prints a notice where the program has no handlers of its own."""

    def emit(self, record: logging.LogRecord) -> None:
        if not logging.root.handlers:
            print(self.format(record), file=sys.stderr)


logger = logging.getLogger("sslzoo")
if not logger.handlers:
    logger.addHandler(_Shown())
    logger.setLevel(logging.INFO)


def notice(sentence: str) -> None:
    """Say a sentence.

    >>> logging.getLogger("sslzoo").isEnabledFor(logging.INFO)
    True
    """
    logger.info(sentence)


def shown() -> bool:
    """Whether notices and progress are shown.

    >>> shown()
    True
    """
    return logger.isEnabledFor(logging.INFO)


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """No notices and no progress within.

    >>> with silence():
    ...     shown()
    False
    """
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
