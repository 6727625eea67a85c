"""A progress bar for what takes a while, where someone watches."""

import importlib.util
import sys
import time
from collections.abc import Iterable, Iterator

from sslzoo.notices import notice, shown

LEAST = 2_000  # items
SECONDS = 5.0  # between two lines, where there is no bar


def progress(items: Iterable, what: str, total: int, least: int = LEAST) -> Iterable:
    """`items`, with a bar named `what` on stderr while they are read.

    There is a bar only for more than `least` items, and where stderr is a terminal or the code runs
    in a notebook that has ipywidgets, as Colab does. Other notebooks get a line every few seconds.
    There is none where notices are silenced.

    >>> list(progress([1, 2, 3], "counting", total=3))
    [1, 2, 3]
    """
    notebook = _in_notebook()
    if total <= least or not shown() or not (sys.stderr.isatty() or notebook):
        return items
    if notebook and importlib.util.find_spec("ipywidgets") is None:
        return _lines(items, what, total)
    from rich.console import Console
    from rich.progress import track

    return track(items, what, total, console=Console(stderr=True), transient=True)


def _lines(items: Iterable, what: str, total: int) -> Iterator:
    """`items`, with a line now and then that says how many were read."""
    said = time.monotonic()
    for count, item in enumerate(items):
        if time.monotonic() - said >= SECONDS:
            said = time.monotonic()
            notice(f"{what}: {count:,} of {total:,}")
        yield item


def _in_notebook() -> bool:
    """Whether rich would draw its bars as widgets of a notebook."""
    if "IPython" not in sys.modules:
        return False
    from rich.console import Console

    return Console().is_jupyter
