"""A progress bar for what takes a while, where someone watches."""

import importlib.util
import sys
import time
from collections.abc import Iterable, Iterator

from sslzoo.notices import notice, shown

LEAST = 2_000  # items
SECONDS = 5.0  # between two lines, where there is no bar


def progress(items: Iterable, what: str, total: int, least: int = LEAST, each: int = 1) -> Iterable:
    """`items`, with a bar named `what` on stderr while they are read.

    It says how many items there are a second and how much time is left. There is a bar only for
    more than `least` items, and where stderr is a terminal or the code runs in a notebook that has
    ipywidgets, as Colab does. Other notebooks get a line every few seconds. There is none where
    notices are silenced.

    Args:
        total: How many items there are.
        each: What an item counts for, such as the images of a batch.

    >>> list(progress([1, 2, 3], "counting", total=3))
    [1, 2, 3]
    """
    notebook = _in_notebook()
    if total <= least or not shown() or not (sys.stderr.isatty() or notebook):
        return items
    if notebook and importlib.util.find_spec("ipywidgets") is None:
        return _lines(items, what, total, each)
    return _bar(items, what, total, each)


def _bar(items: Iterable, what: str, total: int, each: int) -> Iterator:
    """`items`, with a bar, what is done a second, and the time left."""
    from rich import progress as rich
    from rich.console import Console

    class Rate(rich.ProgressColumn):
        def render(self, task):
            return _rate(task.finished_speed or task.speed or 0)

    columns = ("{task.description}", rich.BarColumn(), rich.MofNCompleteColumn(), Rate())
    console = Console(stderr=True)
    with rich.Progress(
        *columns, rich.TimeRemainingColumn(), console=console, transient=True
    ) as bar:
        task = bar.add_task(what, total=total * each)
        for item in items:
            yield item
            bar.advance(task, each)


def _lines(items: Iterable, what: str, total: int, each: int) -> Iterator:
    """`items`, with a line now and then that says how many were read."""
    begun = said = time.monotonic()
    for count, item in enumerate(items):
        if time.monotonic() - said >= SECONDS:
            said = time.monotonic()
            done = count * each
            notice(f"{what}: {done:,} of {total * each:,}, {_rate(done / (said - begun))}")
        yield item


def _rate(per_second: float) -> str:
    return f"{per_second:,.0f}/s" if per_second >= 10 else f"{per_second:.2g}/s"


def _in_notebook() -> bool:
    """Whether rich would draw its bars as widgets of a notebook."""
    if "IPython" not in sys.modules:
        return False
    from rich.console import Console

    return Console().is_jupyter
