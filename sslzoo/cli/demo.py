"""`sslzoo demo`: the whole way on the bundled digits."""

from pathlib import Path
from typing import Annotated

import typer

from sslzoo.cli.shared import use_backend


def command(
    out: Annotated[Path, typer.Option(help="Folder of the report.")] = Path("demo"),
    seconds: Annotated[float, typer.Option(help="Of further self-supervised training.")] = 60,
) -> None:
    """The whole way on the bundled digits: evaluate, train further, export, serve; ends in a
    report.

    Example:
        >>> from sslzoo.cli.demo import command
        >>> command(seconds=60)  # doctest: +SKIP
    """
    use_backend("tensorflow")
    from sslzoo.demo import run

    if not run(out=out, seconds=seconds):
        raise typer.Exit(1)
