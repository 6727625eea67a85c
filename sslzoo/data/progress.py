"""A progress bar for what takes a while, where someone watches."""

import sys

LEAST = 2_000  # items


def progress(items, what, total, least=LEAST):
    """`items`, with a bar named `what` on stderr if there are more than `least` of them and stderr
    is a terminal.
    """
    if total <= least or not sys.stderr.isatty():
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, what, total, console=Console(stderr=True), transient=True)
