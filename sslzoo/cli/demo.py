"""`sslzoo demo`: what the zoo is for."""

from pathlib import Path
from typing import Annotated

import typer

from sslzoo.cli.shared import use_backend


def command(
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("demo"),
    epochs: Annotated[int, typer.Option(help="Epochs of 50 steps for the training.")] = 20,
) -> None:
    """Show what the models are for with bundled data, and write a report.

    Example:
        >>> from sslzoo.cli.demo import command
        >>> command(epochs=20)  # doctest: +SKIP
    """
    from sslzoo.checks import local_path

    out = local_path("--out", out)
    use_backend("tensorflow")
    from sslzoo.demo import run

    if not run(out=out, epochs=epochs):
        raise typer.Exit(1)
