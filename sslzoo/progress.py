"""A progress bar for what takes a while, where someone watches."""

import sys
from collections.abc import Iterable

LEAST = 2_000  # items


def progress(items: Iterable, what: str, total: int, least: int = LEAST) -> Iterable:
    """`items`, with a bar named `what` on stderr while they are read.

    There is a bar only for more than `least` items, and where stderr is a terminal.

    >>> list(progress([1, 2, 3], "counting", total=3))
    [1, 2, 3]
    """
    if total <= least or not sys.stderr.isatty():
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, what, total, console=Console(stderr=True), transient=True)
